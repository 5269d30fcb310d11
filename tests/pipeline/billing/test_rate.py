"""The bill run of a month: what is due is billed, once, and what cannot be billed is told."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from small_business import ACCOUNTS, CHARGE

from pipeline import steps
from pipeline.billing.rate import NotReadyError
from pipeline.quantities.situation import PeriodNotEndedError
from transforms.period import Period
from transforms.rating.asked import Asked
from transforms.rating.usage import RatingError

TIERED = """
charge: energy
uom: kwh
currency: EUR
pricing: {model: tiered, tiers: [{up_to: 5, price: 0.30}, {price: 0.20}]}
"""


def _items(business):
    return business.rows("rated_items", "charge_number", "quantity", "amount_total", "billed_before", "amount")


def test_pending_usage_becomes_a_rated_item_and_is_processed(business, march):
    business.bill(march)
    run = business.rate()
    assert (run.outcome, run.records, run.items, run.amounts, run.left_pending) == (
        "rated", 1, 1, {"EUR": Decimal("1.63")}, ()
    )  # fmt: skip
    # 6.5 kWh at 0.25 EUR are 1.625 EUR, rounded half up
    assert _items(business) == [("C-1", Decimal("6.5"), Decimal("1.63"), 0, Decimal("1.63"))]
    assert business.rows("usage_records", "status", "bill_run_id") == [("Processed", run.bill_run_id)]
    assert business.rows("bill_runs", "bill_run_id", "period", "records") == [(run.bill_run_id, "2025-03", 1)]


def test_tiers_are_billed_as_counted_by_hand(business, march):
    business.declare("charges/energy.yaml", TIERED)
    business.bill(march)
    business.rate()
    assert _items(business) == [("C-1", Decimal("6.5"), Decimal("1.80"), 0, Decimal("1.80"))]  # 5 x 0.30 + 1.5 x 0.20
    assert business.rows("rated_items", "breakdown")[0] == [
        {"tier": "1", "above": "0", "up_to": "5", "units": "5", "price": "0.30", "format": "per_unit"},
        {"tier": "2", "above": "5", "up_to": None, "units": "1.500", "price": "0.20", "format": "per_unit"},
    ]


def test_a_rated_item_is_linked_to_the_usage_that_it_rates(business, march):
    business.bill(march)
    business.rate()
    assert business.rows("rated_usage", "item_id", "record_id") == list(
        zip(business.rows("rated_items", "item_id"), business.rows("usage_records", "record_id"), strict=True)
    )


def test_a_second_bill_run_bills_nothing(business, march):
    business.bill(march)
    business.rate()
    before = business.contents()
    again = business.rate()
    assert (again.outcome, again.bill_run_id, again.records, again.items, again.amounts) == (
        "nothing_due",
        None,
        0,
        0,
        {},
    )
    assert business.contents() == before


def test_a_month_with_a_meter_that_is_not_loaded_is_not_billed(business, march):
    business.declare(
        "meters/solar.yaml",
        "meter: solar\nowner: a\nsource: power\nderive: {function: sum}\nmap: {charge: energy, unit: kwh}\n",
    )
    business.bill(march)
    before = business.contents()
    with pytest.raises(NotReadyError, match=r"period 2025-03 cannot be billed yet; .*solar"):
        business.rate()
    assert business.contents() == before


def test_a_month_that_has_not_ended_is_not_billed(business):
    with pytest.raises(PeriodNotEndedError):
        steps.rate(
            business.store,
            business.catalog,
            Asked(Period.parse("2025-03")),
            business.home,
            at=datetime(2025, 3, 31, tzinfo=UTC),
        )


def test_usage_of_an_account_with_another_currency_stays_pending_and_is_told(business, march):
    business.customer("A-2", currency="USD")
    business.deliver("power/A-2/march.csv", march)
    business.bill(march)
    run = business.rate()
    assert run.amounts == {"EUR": Decimal("1.63")}
    (told,) = run.left_pending
    assert "charge C-2: the account pays USD, the charge is priced in EUR" in told
    assert business.rows("usage_records", "charge_number", "status") == [("C-1", "Processed"), ("C-2", "Pending")]
    assert "1 records stay Pending: " in str(run)


def test_what_was_billed_in_one_currency_is_never_taken_off_what_is_due_in_another(business, march):
    business.bill(march)
    business.rate()
    business.declare("charges/energy.yaml", CHARGE.replace("EUR", "USD"))
    business.deliver("customers/accounts.csv", ACCOUNTS.replace("EUR", "USD"))
    business.register()
    business.bill("at,value\n2025-03-20T00:00:00Z,10\n", "power/A-1/more.csv")
    with pytest.raises(RatingError, match="charge number C-1 was billed in EUR, and is priced in USD now"):
        business.rate()
    assert business.rows("rated_items", "amount", "currency") == [(Decimal("1.63"), "EUR")]


def test_usage_that_was_left_pending_is_billed_once_it_can_be(business, march):
    business.customer("A-2", currency="USD")
    business.deliver("power/A-2/march.csv", march)
    business.bill(march)
    business.rate()
    path = business.inbox / "customers/accounts.csv"
    path.write_text(path.read_text().replace("USD", "EUR"))
    business.register()
    run = business.rate()
    assert (run.outcome, run.records, run.items, run.amounts) == ("rated", 1, 1, {"EUR": Decimal("1.63")})
    assert business.rows("rated_items", "charge_number", "amount") == [
        ("C-1", Decimal("1.63")),
        ("C-2", Decimal("1.63")),
    ]


def test_usage_counted_in_another_unit_than_the_charge_now_bills_stays_pending(business, march):
    business.bill(march)
    charge = (business.catalog_folder / "charges/energy.yaml").read_text()
    business.declare("charges/energy.yaml", charge.replace("uom: kwh", "uom: hour"))
    meter = (business.catalog_folder / "meters/energy.yaml").read_text()
    business.declare("meters/energy.yaml", meter.replace("unit: kwh", "unit: hour"))
    run = business.rate()
    assert (run.outcome, run.bill_run_id) == ("nothing_due", None)
    assert "counted in kwh, the charge bills hour" in run.left_pending[0]
    assert business.rows("usage_records", "status") == ["Pending"]


def test_usage_of_an_account_that_left_after_the_load_stays_pending(business, march):
    business.bill(march)
    path = business.inbox / "customers/accounts.csv"
    path.write_text(path.read_text().replace("Active", "Canceled"))
    business.register()
    assert "account A-1 is not active but Canceled" in business.rate().left_pending[0]


def test_usage_above_a_closed_last_tier_stops_the_run_and_nothing_is_billed(business, march):
    business.declare("charges/energy.yaml", TIERED.replace(", {price: 0.20}", ""))
    business.bill(march)
    before = business.contents()
    with pytest.raises(RatingError, match=r"quantity 6.500 is above the last tier, which ends at 5"):
        business.rate()
    ((status, reason),) = business.rows("bill_runs", "status", "reason")
    assert (status, business.contents() | {"bill_runs": []}) == ("draft", before)
    assert reason.startswith("charge 'energy' (C-1) in the period from 2025-03-01")


def test_usage_of_nothing_is_processed_for_nothing(business):
    business.bill("at,value\n2025-03-02T00:00:00Z,0\n")
    run = business.rate()
    assert (run.records, run.items, run.amounts) == (1, 1, {"EUR": Decimal(0)})
    assert business.rows("usage_records", "status") == ["Processed"]


def test_a_superseded_record_is_not_billed(business, march):
    business.bill(march)
    business.bill("at,value\n2025-03-20T00:00:00Z,10\n", "power/A-1/more.csv")
    assert business.rate().records == 1
    assert _items(business) == [("C-1", Decimal("16.5"), Decimal("4.13"), 0, Decimal("4.13"))]
    assert business.rows("usage_records", "quantity", "status") == [
        (Decimal("6.5"), "Pending"), (Decimal("16.5"), "Processed")
    ]  # fmt: skip


def test_only_the_month_asked_for_is_billed(business, march):
    business.bill(march + "2025-04-01T00:00:00Z,100\n")
    business.run(period="2025-04")
    business.rate()
    assert business.rows("usage_records", "period", "status") == [("2025-03", "Processed"), ("2025-04", "Pending")]


@pytest.mark.parametrize("runs", [2, 4])
def test_of_bill_runs_at_the_same_moment_one_bills_and_the_sum_is_right(business, march, runs):
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", march)
    business.bill(march)
    barrier = threading.Barrier(runs)

    def bill(_):
        barrier.wait()
        return business.rate()

    with ThreadPoolExecutor(runs) as pool:
        done = list(pool.map(bill, range(runs)))
    assert sorted(run.outcome for run in done) == ["nothing_due"] * (runs - 1) + ["rated"]
    assert [amount for (*_, amount) in _items(business)] == [Decimal("1.63"), Decimal("1.63")]
    assert len(business.rows("bill_runs", "bill_run_id")) == 1


def test_the_outcome_is_said_in_one_line(business, march):
    business.bill(march)
    assert str(business.rate()) == "bill run 2025-03: rated, 1 records, 1 items, 1.63 EUR"
    assert str(business.rate()) == "bill run 2025-03: nothing_due, 0 records, 0 items, no amount"
