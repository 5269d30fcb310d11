"""Prepaid units on a real store: months of bill runs, late usage, cancellation, and the ledger that proves them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from at_once import at_once
from uploaded_usage import uploaded

from pipeline.billing import prepaid
from pipeline.billing.post import cancel
from pipeline.periods import to_bill
from pipeline.proof.close import close
from pipeline.proof.explain import explain
from pipeline.proof.verify import verify
from pipeline.reports.bill_preview import preview
from pipeline.store.funds import FundsUsedError
from transforms.period import Period
from transforms.rating.asked import Asked
from transforms.rating.usage import RatingError

BUNDLE = """
charge: bundle
uom: hour
currency: EUR
pricing: {model: prepaid, price: 100, units: 1000, rollover: {periods: 2, apply: first}}
"""
ENERGY = """
charge: energy
uom: kwh
currency: EUR
uom_validation: reject
drawdown: {uom: hour, rate: 1}
pricing: {model: per_unit, price: 0.50}
"""
CHARGES = (
    "charge_number,subscription_number,account_number,charge,start_at,end_at,status\n"
    "B-1,S-1,A-1,bundle,2025-01-01T00:00:00Z,2025-04-01T00:00:00Z,Active\n"
    "C-1,S-1,A-1,energy,2025-01-01T00:00:00Z,,Active\n"
)
NOW = datetime(2026, 1, 15, tzinfo=UTC)  # after the last month
JANUARY, FEBRUARY, MARCH = "2025-01", "2025-02", "2025-03"


@pytest.fixture
def seller(business):
    """A business that has sold 1000 hours a month for three months; its kWh draw one hour each."""
    (business.catalog_folder / "meters" / "energy.yaml").unlink()
    business.declare("charges/bundle.yaml", BUNDLE)
    business.declare("charges/energy.yaml", ENERGY)
    business.deliver("customers/subscribed_charges.csv", CHARGES)
    business.register()
    return business


def use(seller, period, quantity, name="usage.csv"):
    start = datetime.fromisoformat(f"{period}-10").replace(tzinfo=UTC)
    uploaded(
        seller.store,
        {"period": period, "quantity": Decimal(quantity), "start_at": start},
        file_name=name,
        source_type="API",
    )


def ledger(seller):
    rows = seller.rows("fund_entries", "entry_id", "type", "units")
    return [(kind, units) for _, kind, units in rows]


def balances(seller):
    return {(kind, f"{start:%m}"): left for start, kind, left in seller.rows("funds", "start_at", "kind", "balance")}


def billed(seller, charge="C-1"):
    return [
        amount
        for number, _, amount in seller.rows("rated_items", "charge_number", "item_id", "amount")
        if number == charge
    ]


def test_e39_january_leaves_200_hours_which_february_and_march_still_have(seller):
    use(seller, JANUARY, 800)
    run = seller.rate(JANUARY)
    assert (run.records, run.items, run.amounts) == (1, 2, {"EUR": Decimal(100)})
    assert balances(seller) == {("bought", "01"): 0, ("rolled", "02"): 200}
    use(seller, FEBRUARY, 1250)
    seller.rate(FEBRUARY)
    assert balances(seller) == {("bought", "01"): 0, ("rolled", "02"): 0, ("bought", "02"): 0}
    assert billed(seller) == [0, 25]
    assert billed(seller, "B-1") == [100, 100]
    seller.rate(MARCH)
    assert balances(seller)["bought", "03"] == 1000
    assert ledger(seller) == [
        ("prepayment", 1000), ("drawdown", -800), ("rollover", -200), ("rollover", 200),
        ("prepayment", 1000), ("drawdown", -200), ("drawdown", -1000),
        ("prepayment", 1000),
    ]  # fmt: skip


def test_late_usage_takes_back_what_was_rolled_over_and_every_figure_is_proved(seller):
    use(seller, JANUARY, 800)
    seller.rate(JANUARY)
    use(seller, FEBRUARY, 150)
    seller.rate(FEBRUARY)
    use(seller, JANUARY, 80, "late.csv")
    seller.rate(JANUARY)
    assert billed(seller) == [0, 0, 15]  # 50 of the 80 late hours were left of January's
    assert ledger(seller)[8:] == [
        ("rollover_reversal", -50), ("rollover_reversal", 50), ("drawdown_adjustment", 800), ("drawdown", -850),
    ]  # fmt: skip
    for item in seller.rows("rated_items", "item_id"):
        assert explain(seller.store, seller.catalog, item, seller.home).differences == []
    for period in (JANUARY, FEBRUARY):
        seller.post(period)
        close(seller.store, seller.catalog, Period.parse(period), seller.home, by="ann")
        assert verify(seller.store, Period.parse(period), seller.home).differences == []


def test_a_cancelled_bill_run_gives_back_what_it_drew_and_rated_again_it_draws_the_same(seller):
    use(seller, JANUARY, 800)
    first = seller.rate(JANUARY)
    cancel(seller.store, first.bill_run_id, by="ann", reason="a test")
    assert balances(seller) == {("bought", "01"): 1000, ("rolled", "02"): 0}
    assert ledger(seller)[4:] == [("rollover_reversal", -200), ("rollover_reversal", 200), ("drawdown_reversal", 800)]
    second = seller.rate(JANUARY)
    assert second.amounts == first.amounts
    assert balances(seller) == {("bought", "01"): 0, ("rolled", "02"): 200}


def test_what_a_later_bill_run_has_used_cannot_be_taken_away_from_it(seller):
    use(seller, JANUARY, 800)
    january = seller.rate(JANUARY).bill_run_id
    use(seller, FEBRUARY, 100)
    february = seller.rate(FEBRUARY).bill_run_id
    before = seller.contents()
    with pytest.raises(FundsUsedError, match=f"bill run {february} of 2025-02 \\(rated\\) has used prepaid units"):
        cancel(seller.store, january, by="ann", reason="a test")
    assert seller.contents() == before
    for run in (february, january):
        cancel(seller.store, run, by="ann", reason="a test")
    assert balances(seller) == {
        ("bought", "01"): 1000,
        ("rolled", "02"): 0,
        ("bought", "02"): 1000,
        ("rolled", "03"): 0,
    }


def test_a_period_with_overage_is_to_be_billed_again_once_units_come_back(seller):
    seller.declare("charges/bundle.yaml", BUNDLE.replace("currency: EUR", "currency: EUR\nbilling_period: quarter"))
    use(seller, JANUARY, 900)
    january = seller.rate(JANUARY).bill_run_id
    use(seller, FEBRUARY, 300)
    seller.rate(FEBRUARY)
    assert billed(seller) == [0, 100]
    assert overdrawn(seller) == []
    cancel(seller.store, january, by="ann", reason="a test")
    assert overdrawn(seller) == [Period.parse(FEBRUARY)]
    assert to_bill(seller.store, seller.catalog, NOW, NOW) == [Period.parse(JANUARY), Period.parse(FEBRUARY)]
    seller.rate(FEBRUARY)
    assert billed(seller) == [100, -100]
    assert overdrawn(seller) == []


def overdrawn(seller):
    with seller.store.begin() as connection:
        return prepaid.overdrawn(connection, seller.catalog)


def test_a_rollover_alone_is_a_bill_run_without_items(seller):
    seller.declare("charges/bundle.yaml", BUNDLE.replace("price: 100", "price: 0"))
    run = seller.rate(JANUARY)
    assert (run.outcome, run.items) == ("rated", 0)
    assert balances(seller) == {("bought", "01"): 0, ("rolled", "02"): 1000}
    assert seller.rate(JANUARY).outcome == "nothing_due"


def test_fewer_units_than_are_used_leave_the_bill_run_a_draft(seller):
    use(seller, JANUARY, 800)
    seller.rate(JANUARY)
    seller.declare("charges/bundle.yaml", BUNDLE.replace("units: 1000", "units: 799"))
    use(seller, JANUARY, 1, "late.csv")
    with pytest.raises(RatingError, match="800 hour of 2025-01 are used, but its charge now gives 799"):
        seller.rate(JANUARY)


def test_funds_whose_charge_is_no_longer_in_the_catalog_stop_the_bill_run(seller):
    use(seller, JANUARY, 800)
    seller.rate(JANUARY)
    (seller.catalog_folder / "charges" / "bundle.yaml").unlink()
    seller.declare("charges/hours.yaml", BUNDLE.replace("charge: bundle", "charge: hours"))
    use(seller, JANUARY, 1, "late.csv")
    with pytest.raises(RatingError, match="B-1 has prepaid units, but charge 'bundle' does not say model: prepaid"):
        seller.rate(JANUARY)


def test_bill_runs_of_two_months_at_once_draw_no_unit_of_their_quarter_twice(seller):
    seller.declare("charges/bundle.yaml", BUNDLE.replace("currency: EUR", "currency: EUR\nbilling_period: quarter"))
    use(seller, JANUARY, 700)
    use(seller, FEBRUARY, 700)
    at_once(lambda: seller.rate(JANUARY), lambda: seller.rate(FEBRUARY))
    assert sorted(billed(seller)) == [0, 200]
    assert balances(seller) == {("bought", "01"): 0}


def test_a_preview_draws_nothing(seller):
    use(seller, JANUARY, 1100)
    before = seller.contents()
    shown = preview(seller.store, seller.catalog, Asked(Period.parse(JANUARY)))
    assert "50.00" in shown
    assert seller.contents() == before


def test_the_accounts_of_one_batch_leave_the_funds_of_others_alone(seller):
    use(seller, JANUARY, 800)
    assert seller.rate(JANUARY, batch="north").outcome == "nothing_due"
    assert seller.rows("funds", "fund_id") == []


def test_the_database_refuses_an_entry_that_overdraws_a_fund_and_any_change_of_an_entry(seller):
    use(seller, JANUARY, 800)
    seller.rate(JANUARY)
    changes = (
        "INSERT INTO fund_entries (fund_id, type, units) SELECT fund_id, 'drawdown', -1001 FROM funds",
        "UPDATE fund_entries SET units = 1",
        "DELETE FROM fund_entries",
    )
    for change in changes:
        with pytest.raises(sa.exc.IntegrityError), seller.store.begin() as connection:
            connection.execute(sa.text(change))
