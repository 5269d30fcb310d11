"""A price that is altered where it stands: what was billed is billed at it for a reason alone."""

from decimal import Decimal

import pytest
from small_business import CHARGE

from pipeline.billing.post import cancel
from pipeline.billing.repriced import RepricedError
from pipeline.reports.bill_preview import preview
from transforms.period import Period
from transforms.rating.asked import Asked

MARCH = Asked(Period.parse("2025-03"))
DEARER = CHARGE.replace("0.25", "0.50")
LATE = "at,value\n2025-03-20T00:00:00Z,10\n"
TOLD = "charge C-1 (energy) was billed 1.63 EUR and comes to 3.25"


@pytest.fixture
def billed(business, march):
    """March is billed: 6.5 kWh of A-1 and 4 of A-2, at 0.25: 1.63 and 1.00 EUR."""
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", "at,value\n2025-03-02T00:00:00Z,4\n")
    business.invoice(march)
    return business


@pytest.fixture
def late(billed):
    """Then 10 kWh come late for A-1, and the price was altered to 0.50 where it stands."""
    billed.declare("charges/energy.yaml", DEARER)
    billed.bill(LATE, "power/A-1/late.csv")
    return billed


def amounts(business):
    return business.rows("rated_items", "charge_number", "amount")


def test_late_usage_does_not_bring_an_altered_price_to_what_was_billed_of_all_accounts(late):
    with pytest.raises(RepricedError) as refused:
        late.rate(reason=" ")
    told = f"{TOLD}, charge C-2 (energy) was billed 1.00 EUR and comes to 2.00; take back what was changed"
    assert told in str(refused.value)
    assert amounts(late) == [("C-1", Decimal("1.63")), ("C-2", Decimal(1))]
    draft, *_ = late.rows("bill_runs", "status", "reason")
    assert draft == ("draft", str(refused.value))
    assert f"it wants a reason: by the same usage {TOLD}" in preview(late.store, late.catalog, MARCH)


def test_an_altered_price_does_not_hide_behind_late_usage_that_makes_up_for_it(business, march):
    """6.5 kWh at 0.50 are 3.25; at half the price, with 6.5 more, it is the same."""
    business.declare("charges/energy.yaml", DEARER)
    business.invoice(march)
    business.declare("charges/energy.yaml", CHARGE)
    business.bill(march.replace("03-31", "03-30"), "power/A-1/late.csv")
    with pytest.raises(RepricedError, match=r"was billed 3.25 EUR and comes to 1.63"):
        business.rate()
    assert amounts(business) == [("C-1", Decimal("3.25"))]


def test_for_a_reason_which_is_kept_with_the_bill_run_all_of_it_has_the_other_price(late):
    with pytest.raises(RepricedError):
        late.rate()
    run = late.rate(reason="the price list was wrong")
    assert run.amounts == {"EUR": Decimal("7.62")}  # 16.5 x 0.50 - 1.63, and 4 x 0.50 - 1.00
    late.post()
    kept = late.rows("bill_runs", "status", "reason", "created_by")
    assert kept == [("posted", "", "meterbridge"), ("posted", "the price list was wrong", "meterbridge")]


def test_once_the_price_is_taken_back_late_usage_is_billed_by_itself(late):
    late.declare("charges/energy.yaml", CHARGE)
    late.rate()
    assert amounts(late)[0] == ("C-1", Decimal("1.63"))
    assert sum(amount for _, amount in amounts(late)) == Decimal("5.13")  # 16.5 x 0.25, and 1.00


def test_a_bill_run_that_is_cancelled_is_made_again_at_the_price_that_was_put_right(business, march):
    business.bill(march)
    business.rate()
    (run,) = business.rows("bill_runs", "bill_run_id")
    cancel(business.store, run, by="ann", reason="a wrong price")
    business.declare("charges/energy.yaml", DEARER)
    business.rate()
    assert amounts(business) == [("C-1", Decimal("3.25"))]


@pytest.mark.parametrize(
    "changed",
    [
        CHARGE.replace(
            "{model: per_unit, price: 0.25}", "{model: tiered, tiers: [{up_to: 5, price: 0.25}, {price: 1}]}"
        ),
        CHARGE + "price_changes:\n  - {effective: 2025-03-01, pricing: {model: per_unit, price: 0.50}}\n",
        CHARGE.replace("EUR\n", "EUR\nrating_group: start_date\n").replace("price: 0.25", "price: 0.26"),
    ],
)
def test_whatever_is_altered_the_amount_decides(billed, changed):
    billed.declare("charges/energy.yaml", changed)
    billed.bill(LATE, "power/A-1/late.csv")
    with pytest.raises(RepricedError, match="charge C-1"):
        billed.rate()


@pytest.mark.parametrize(
    "pricing",
    [
        "{model: volume, tiers: [{up_to: 10, price: 0.30}, {price: 0.20}]}",
        "{model: tiered, tiers: [{up_to: 5, price: 0.30}, {price: 0.20}]}",
        "{model: overage, included: 5, price: 0.30}",
        "{model: high_water_mark_volume, tiers: [{price: 0.30}]}",
    ],
)
def test_late_usage_that_moves_the_whole_amount_needs_no_reason(business, march, pricing):
    business.declare("charges/energy.yaml", CHARGE.replace("{model: per_unit, price: 0.25}", pricing))
    business.invoice(march)
    business.bill(LATE, "power/A-1/late.csv")
    assert business.rate().outcome == "rated"


def test_a_later_price_with_its_day_and_another_account_alone_need_no_reason(billed):
    later = "price_changes:\n  - {effective: 2025-04-01, pricing: {model: per_unit, price: 0.50}}\n"
    billed.declare("charges/energy.yaml", CHARGE + later)
    billed.customer("A-3")
    billed.bill("at,value\n2025-03-02T00:00:00Z,4\n", "power/A-3/march.csv")
    assert billed.rate().amounts == {"EUR": Decimal("1.00")}


def test_an_altered_fee_reaches_billed_months_for_a_reason_alone(business, march):
    units = (business.catalog_folder / "units.yaml").read_text()
    business.declare("units.yaml", units.replace("units:\n", "units:\n  each: {}\n"))
    fee = "charge: fee\nuom: each\ncurrency: EUR\npricing: {model: flat_fee, price: 5}\n"
    business.declare("charges/fee.yaml", fee)
    business.customer("A-2", "F-{}", of="fee")
    business.invoice(march)
    business.declare("charges/fee.yaml", fee.replace("5", "6"))
    business.bill(LATE, "power/A-1/late.csv")
    with pytest.raises(RepricedError, match=r"charge F-2 \(fee\) was billed 5.00 EUR and comes to 6.00"):
        business.rate()


def test_prepaid_units_that_come_later_or_went_elsewhere_are_no_other_price(business, march):
    """6.5 of 10 hours pay for March; 10 kWh that come late find 3.5 left: 6.5 are priced."""
    bundle = "charge: bundle\nuom: hour\ncurrency: EUR\npricing: {model: prepaid, price: 9, units: 10}\n"
    business.declare("charges/bundle.yaml", bundle)
    drawing = CHARGE + "uom_validation: reject\ndrawdown: {uom: hour, rate: 1}\n"
    business.declare("charges/energy.yaml", drawing)
    with (business.inbox / "customers/subscribed_charges.csv").open("a") as file:
        file.write("B-1,S-1,A-1,bundle,2025-03-01T00:00:00Z,,Active\n")
    business.register()
    business.invoice(march)
    business.bill(LATE, "power/A-1/late.csv")
    business.rate()
    assert sum(amount for number, amount in amounts(business) if number == "C-1") == Decimal("1.63")
    business.declare("charges/energy.yaml", drawing.replace("0.25", "0.50"))
    business.bill("at,value\n2025-03-21T00:00:00Z,1\n", "power/A-1/third.csv")
    with pytest.raises(RepricedError, match=r"charge C-1 \(energy\) was billed 1.63 EUR and comes to 3.25"):
        business.rate()
