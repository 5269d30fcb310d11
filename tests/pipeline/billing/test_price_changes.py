"""Prices that change, on a real store: a period is billed, corrected and proven at the price of its first day."""

from datetime import UTC, datetime, time
from decimal import Decimal

import pytest
from uploaded_usage import uploaded

from pipeline.billing.preflight import preflight
from pipeline.proof.close import close
from pipeline.proof.explain import explain
from pipeline.proof.verify import verify
from pipeline.reports.unbilled import unbilled
from pipeline.steps import Workspace
from pipeline.store import customers
from pipeline.usage.diff import diff
from transforms.period import Period

ENERGY = "charge: energy\nuom: kwh\ncurrency: EUR\n"
CHARGE = ENERGY + "pricing: {model: per_unit, price: 0.25}\n"
CHANGED = CHARGE + "price_changes:\n  - {effective: 2025-04-01, pricing: {model: per_unit, price: 0.50}}\n"
LATE = "at,value\n2025-03-20T00:00:00Z,2\n"


def use(business, period, quantity, name=None, **fields):
    """Add usage at noon of a period's first day."""
    start = datetime.combine(Period.parse(period).start, time(12), tzinfo=UTC)
    record = {"quantity": Decimal(quantity), "period": period, "start_at": start, **fields}
    uploaded(business.store, record, file_name=name or f"{period}.csv", source_type="API")


def billed(business, *columns):
    return business.rows("rated_items", "item_id", *(columns or ("amount",)))


def amounts(business):
    return [amount for _, amount in billed(business)]


@pytest.fixture
def uploads(business):
    """The business without its meter: usage comes as it is."""
    (business.catalog_folder / "meters" / "energy.yaml").unlink()
    return business


def test_periods_from_the_day_on_have_the_new_price_and_those_before_keep_theirs(uploads):
    uploads.declare("charges/energy.yaml", CHANGED)
    for period in ("2025-03", "2025-04"):
        use(uploads, period, 10)
        uploads.rate(period)
    assert amounts(uploads) == [Decimal("2.50"), Decimal("5.00")]  # 10 x 0.25, 10 x 0.50


def test_late_usage_of_a_billed_month_costs_what_that_month_costs(business, march):
    business.invoice(march)  # 6.5 kWh at 0.25: 1.63
    business.declare("charges/energy.yaml", CHANGED)
    business.bill(LATE, "power/A-1/late.csv")
    business.rate()
    assert amounts(business) == [Decimal("1.63"), Decimal("0.50")]  # 8.5 x 0.25 = 2.125, less 1.63


def test_a_billing_period_that_the_day_lies_in_keeps_its_price_to_the_end(uploads):
    quarterly = CHANGED.replace("uom: kwh", "uom: kwh\nbilling_period: quarter").replace("2025-04-01", "2025-04-02")
    uploads.declare("charges/energy.yaml", quarterly)
    for period in ("2025-Q2", "2025-Q3"):
        use(uploads, period, 10)
        uploads.rate(period)
    assert amounts(uploads) == [Decimal("2.50"), Decimal("5.00")]


def test_the_first_day_is_that_of_the_accounts_own_cycle(uploads):
    with uploads.store.begin() as connection:
        (account,) = customers.all_accounts(connection)
    header = "account_number,name,currency,time_zone,status,bill_cycle_day\n"
    uploads.deliver("customers/accounts.csv", f"{header}A-1,{account.name},EUR,Pacific/Auckland,Active,15\n")
    uploads.register()
    uploads.declare("charges/energy.yaml", CHANGED.replace("2025-04-01", "2025-04-15"))
    for period in ("2025-03-15--2025-04-15", "2025-04-15--2025-05-15"):
        use(uploads, period, 10)
        uploads.rate(period)
    assert amounts(uploads) == [Decimal("2.50"), Decimal("5.00")]


def test_tiers_can_take_the_place_of_one_price(uploads):
    later = "{model: tiered, tiers: [{up_to: 4, price: 0.50}, {price: 0.10}]}"
    uploads.declare("charges/energy.yaml", CHANGED.replace("{model: per_unit, price: 0.50}", later))
    use(uploads, "2025-04", 10)
    uploads.rate("2025-04")
    assert amounts(uploads) == [Decimal("2.60")]  # 4 x 0.50 + 6 x 0.10


def test_what_a_load_would_change_is_told_at_the_price_of_its_period(business, march):
    business.invoice(march)
    business.declare("charges/energy.yaml", CHANGED)
    business.deliver("power/A-1/late.csv", LATE)
    business.extract()
    found = diff(business.store, business.catalog, *business.prepare())
    assert found.money == {"EUR": Decimal("0.50")}  # 2.13 - 1.63


@pytest.mark.parametrize(("period", "worth"), [("2025-03", "2.50"), ("2025-04", "5.00")])
def test_usage_that_no_bill_run_takes_is_worth_the_price_of_its_period(uploads, period, worth):
    uploads.declare("charges/energy.yaml", CHANGED)
    use(uploads, period, 10_000, uom="wh")
    (found,) = preflight(uploads.store, uploads.catalog, Period.parse(period)).at_risk
    assert found.amount == Decimal(worth)


def test_unbilled_usage_of_a_running_period_has_the_price_of_that_period(uploads):
    uploads.declare("charges/energy.yaml", CHANGED)
    use(uploads, "2025-03", 10)
    use(uploads, "2025-04", 10)
    workspace = Workspace(uploads.store, uploads.catalog, uploads.home, uploads.inbox)
    found = unbilled(workspace, at=datetime(2025, 4, 20, tzinfo=UTC)).found
    assert [each.unbilled for each in found] == [Decimal("2.50"), Decimal("5.00")]


@pytest.mark.parametrize("period", ["2025-03", "2025-04"])
def test_a_closed_period_is_proven_at_its_own_price(uploads, period):
    uploads.declare("charges/energy.yaml", CHANGED)
    use(uploads, period, 10)
    uploads.rate(period)
    uploads.post(period)
    month = Period.parse(period)
    (item,) = uploads.rows("rated_items", "item_id")
    for _ in ("open", "closed"):
        assert explain(uploads.store, uploads.catalog, item, uploads.home).differences == []
        close(uploads.store, uploads.catalog, month, uploads.home, by="ann")
    uploads.declare("charges/energy.yaml", CHARGE.replace("0.25", "9"))  # what was sealed counts
    assert verify(uploads.store, month, uploads.home).differences == []
    assert explain(uploads.store, uploads.catalog, item, uploads.home).differences == []


def test_prepaid_units_are_those_that_each_period_brings(uploads):
    uploads.declare(
        "charges/bundle.yaml",
        "charge: bundle\nuom: hour\ncurrency: EUR\n"
        "pricing: {model: prepaid, price: 10, units: 4, rollover: {periods: 1, apply: first}}\n"
        "price_changes:\n  - effective: 2025-04-01\n"
        "    pricing: {model: prepaid, price: 12, units: 6, rollover: {periods: 1, apply: first}}\n",
    )
    drawing = "uom_validation: reject\ndrawdown: {uom: hour, rate: 1}\n"
    uploads.declare("charges/energy.yaml", CHANGED + drawing)
    with (uploads.inbox / "customers" / "subscribed_charges.csv").open("a") as file:
        file.write("B-1,S-1,A-1,bundle,2025-03-01T00:00:00Z,,Active\n")
    uploads.register()
    use(uploads, "2025-03", 3)  # 1 of 4 hours is left
    use(uploads, "2025-04", 9)  # 1 + 6 hours are there, 2 kWh cost 0.50 each
    for period in ("2025-03", "2025-04"):
        uploads.rate(period)
    found = [(charge, amount) for _, charge, amount in billed(uploads, "charge", "amount")]
    assert found == [("bundle", 10), ("energy", 0), ("bundle", 12), ("energy", 1)]


def test_a_commitment_is_the_amount_of_its_period(uploads):
    uploads.declare("units.yaml", "units: {kwh: {decimals: 3}, each: {}}\ncurrencies: {EUR: {}}\n")
    uploads.declare(
        "charges/promise.yaml",
        "charge: promise\nuom: each\ncurrency: EUR\nbilling_period: quarter\n"
        "pricing: {model: commitment, amount: 10, charges: [energy]}\n"
        "price_changes:\n  - effective: 2025-04-01\n"
        "    pricing: {model: commitment, amount: 20, charges: [energy]}\n",
    )
    with (uploads.inbox / "customers" / "subscribed_charges.csv").open("a") as file:
        file.write("P-1,S-1,A-1,promise,2025-01-01T00:00:00Z,,Active\n")
    uploads.register()
    uploads.declare("charges/energy.yaml", ENERGY + "billing_period: month\npricing: {model: per_unit, price: 1}\n")
    for month in range(1, 7):
        uploads.rate(f"2025-{month:02}")
    for quarter in ("2025-Q1", "2025-Q2"):
        uploads.rate(quarter)
    use(uploads, "2025-02", 3)
    uploads.rate("2025-02")
    uploads.rate("2025-Q1")
    assert amounts(uploads) == [10, 20, 3, -3]
