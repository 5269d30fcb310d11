from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal, Inexact
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.charge import Charge
from transforms.rating.lines import worth
from transforms.rating.rate import rate
from transforms.rating.usage import RatingError, UsageLine
from transforms.units import Units

UNITS = Units.model_validate(
    {"units": {"minute": {"decimals": "1"}, "hour": {}}, "currencies": {"USD": {}, "JPY": {"decimals": "0"}}}
)
HOME_PHONE = ({"up_to": "50", "price": "11"}, {"up_to": "100", "price": "10"}, {"price": "9"})
STEPPED = ({"up_to": "10", "price": "2"}, {"up_to": "20", "price": "3"}, {"price": "5"})


def charge(model, *tiers, group="billing_period", currency="USD", **fields):
    pricing = {"model": model, **({"tiers": tiers} if tiers else {}), **fields}
    return Charge.model_validate(
        {"charge": "phone", "uom": "minute", "currency": currency, "rating_group": group, "pricing": pricing}
    )


def used(record_id, quantity, day=1, **fields):
    return UsageLine(
        **{
            "record_id": record_id,
            "account_number": "A1",
            "subscription_number": "S1",
            "charge_number": "C-1",
            "charge": "phone",
            "uom": "minute",
            "quantity": Decimal(quantity),
            "start_at": datetime(2018, 1, day, 12, tzinfo=UTC),
            "period_start": datetime(2018, 1, 1, tzinfo=UTC),
            "period_end": datetime(2018, 2, 1, tzinfo=UTC),
            "time_zone": "UTC",
            "status": "pending",
        }
        | fields
    )


def bill(lines, phone, billed=None):
    return rate(lines, charges={"phone": phone}, units=UNITS, billed=billed or {})


def amounts(items):
    return [item.amount for item in items]


JANUARY = [used(1, "20", day=1), used(2, "90", day=16), used(3, "50", day=1)]
FEBRUARY = {"period_start": datetime(2018, 2, 1, tzinfo=UTC), "period_end": datetime(2018, 3, 1, tzinfo=UTC)}


def test_e01_january_by_billing_period_is_160_units_for_1440():
    [item] = bill(JANUARY, charge("volume", *HOME_PHONE))
    assert (item.quantity, item.amount, item.group_key, item.record_ids) == (160, 1440, "", (1, 2, 3))


def test_e02_february_stands_apart_from_january_with_195_units_for_1755():
    february = [used(4, "80", **FEBRUARY), used(5, "15", **FEBRUARY), used(6, "100", **FEBRUARY)]
    items = bill(JANUARY + february, charge("volume", *HOME_PHONE))
    assert [(item.quantity, item.amount) for item in items] == [(160, 1440), (195, 1755)]


def test_e03_january_by_start_date_is_70_and_90_units_for_1600():
    items = bill(JANUARY, charge("volume", *HOME_PHONE, group="start_date"))
    assert [(item.group_key, item.quantity, item.amount) for item in items] == [
        ("2018-01-01", 70, 700),
        ("2018-01-16", 90, 900),
    ]


def test_e05_january_by_record_is_20_and_90_and_50_units_for_1670():
    items = bill(JANUARY, charge("volume", *HOME_PHONE, group="record"))
    assert [(item.group_key, item.amount) for item in items] == [("1", 220), ("2", 900), ("3", 550)]


@pytest.mark.parametrize(("model", "owed"), [("volume", "11.70"), ("tiered", "12.70")])
def test_e19_and_e21_two_records_of_a_day_meet_the_tiers_as_one(model, owed):
    tiers = ({"up_to": "10", "price": "1"}, {"price": "0.9"})
    [item] = bill([used(1, "8"), used(2, "5")], charge(model, *tiers, group="start_date"))
    assert (item.quantity, item.amount) == (13, Decimal(owed))


def test_e12_and_e13_a_second_bill_run_bills_the_difference_to_the_first():
    first = [used(1, "3"), used(2, "5"), used(3, "7")]
    [item] = bill(first, charge("tiered", *STEPPED))
    assert item.amount == 35
    done = [used(line.record_id, line.quantity, status="processed") for line in first]
    [later] = bill([*done, used(4, "1"), used(5, "5")], charge("tiered", *STEPPED), billed_by([item]))
    assert (later.quantity, later.amount_total, later.billed_before, later.amount) == (21, 55, 35, 20)


def test_the_unit_rounds_the_sum_and_the_currency_rounds_the_amount_once():
    [item] = bill([used(1, "0.01"), used(2, "0.02")], charge("per_unit", price="0.05"))
    assert (item.quantity, worth(item.breakdown), item.amount) == (Decimal("0.1"), Decimal("0.005"), Decimal("0.01"))
    [yen] = bill([used(1, "0.5")], charge("per_unit", price="100.8", currency="JPY"))
    assert str(yen.amount) == "50"


def test_a_day_is_a_day_of_the_account_and_not_of_the_server():
    late = datetime(2018, 1, 16, 23, 30, tzinfo=UTC)
    [item] = bill(
        [used(1, "1", start_at=late, time_zone="Asia/Tokyo")], charge("per_unit", price="1", group="start_date")
    )
    assert item.group_key == "2018-01-17"
    [item] = bill(
        [used(1, "1", start_at=late.astimezone(ZoneInfo("Asia/Tokyo")))],
        charge("per_unit", price="1", group="start_date"),
    )
    assert item.group_key == "2018-01-16"


def test_a_bill_run_without_anything_new_yields_no_item():
    done = [used(1, "20", status="processed")]
    phone = charge("volume", *HOME_PHONE)
    assert bill(done, phone, {("C-1", done[0].period_start, ""): Decimal("220.00")}) == ()


def test_a_pending_record_worth_nothing_still_yields_its_item():
    [item] = bill([used(1, "0")], charge("volume", *HOME_PHONE))
    assert (item.amount, item.breakdown, item.record_ids) == (0, (), (1,))


def test_a_correction_downwards_gives_back_what_was_billed_too_much():
    phone = charge("volume", *HOME_PHONE, group="record")
    lines = [used(1, "20", status="processed"), used(2, "-5", corrects=1)]
    [item] = bill(lines, phone, {("C-1", lines[0].period_start, "1"): Decimal(220)})
    assert (item.group_key, item.quantity, item.amount) == ("1", 15, 15 * 11 - 220)


def test_a_changed_rating_group_bills_nothing_twice():
    done = [used(1, "70", day=1, status="processed"), used(2, "90", day=16, status="processed")]
    before = {("C-1", done[0].period_start, ""): Decimal(1440)}
    items = bill(done, charge("volume", *HOME_PHONE, group="start_date"), before)
    assert [(item.group_key, item.amount) for item in items] == [("", -1440), ("2018-01-01", 700), ("2018-01-16", 900)]


def test_a_group_that_lost_its_usage_owes_no_first_flat_amount():
    phone = charge("tiered", {"flat": "100"}, at_zero="first_flat", group="start_date")
    done = used(1, "5", status="processed")
    before = {("C-1", done.period_start, ""): Decimal(100), ("C-1", done.period_start, "2018-01-01"): Decimal(100)}
    assert [(item.group_key, item.amount) for item in bill([done], phone, before)] == [("", -100)]


def test_what_was_billed_for_other_charges_and_periods_is_left_alone():
    billed = {("C-2", JANUARY[0].period_start, ""): Decimal(5), ("C-1", FEBRUARY["period_start"], ""): Decimal(5)}
    assert amounts(bill(JANUARY, charge("volume", *HOME_PHONE), billed)) == [1440]


def test_usage_in_another_unit_than_the_charge_is_never_priced():
    with pytest.raises(RatingError, match="record 7 counts 'hour', but charge 'phone' is billed in 'minute'"):
        bill([used(7, "1", uom="hour")], charge("per_unit", price="1"))


def test_usage_of_a_charge_that_the_catalog_does_not_know_stops_the_bill_run():
    with pytest.raises(RatingError, match="record 7 names charge 'fax', which the catalog does not know"):
        bill([used(7, "1", charge="fax")], charge("per_unit", price="1"))


def test_a_quantity_above_the_last_tier_is_refused_by_charge_and_quantity():
    with pytest.raises(RatingError, match=r"charge 'phone' \(C-1\) .*2018-01-01.* quantity 51\.0 is above the last"):
        bill([used(1, "51")], charge("tiered", HOME_PHONE[0]))


def test_usage_that_ends_below_zero_is_refused():
    with pytest.raises(RatingError, match=r"'phone' \(C-1\) .* comes to -3 units"):
        bill([used(1, "2"), used(2, "-5")], charge("per_unit", price="1"))


def test_a_record_given_twice_is_refused_rather_than_billed_twice():
    with pytest.raises(RatingError, match=r"billed twice: \[3\]"):
        bill([*JANUARY, used(3, "50")], charge("volume", *HOME_PHONE))


@pytest.mark.parametrize(
    "other",
    [
        {"account_number": "A2"},
        {"subscription_number": "S2"},
        {"charge": "fax"},
        {"period_end": datetime(2018, 1, 31, tzinfo=UTC)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_one_charge_number_cannot_stand_for_two_things_in_a_period(other):
    with pytest.raises(RatingError, match="records 1 and 2 both name charge number C-1"):
        bill([used(1, "1"), used(2, "1", **other)], charge("per_unit", price="1"))


def test_usage_without_a_time_zone_or_without_a_number_is_refused():
    with pytest.raises(RatingError, match="record 1 has an instant without a time zone"):
        used(1, "1", start_at=datetime(2018, 1, 1))
    with pytest.raises(RatingError, match="record 1 has the quantity NaN"):
        used(1, "NaN")


def test_a_digit_that_cannot_be_kept_is_an_error_and_not_a_rounding():
    with pytest.raises(Inexact):
        bill([used(1, "1e300"), used(2, "0.1")], charge("per_unit", price="1"))


PHONES = st.sampled_from(
    [
        charge(model, *tiers, group=group, **({} if tiers else {"price": "0.125"}))
        for group in ("billing_period", "start_date", "record")
        for model, tiers in (("per_unit", ()), ("tiered", STEPPED), ("volume", HOME_PHONE))
    ]
)
QUANTITIES = st.decimals(min_value=0, max_value=200, places=3)
RECORDS = st.lists(st.tuples(QUANTITIES, st.integers(1, 28)), min_size=1, max_size=12)


def billed_by(items):
    sums = defaultdict(Decimal)
    for item in items:
        sums[item.charge_number, item.period_start, item.group_key] += item.amount
    return sums


@given(RECORDS, PHONES, st.data())
def test_the_items_of_any_sequence_of_arrivals_add_up_to_the_price_of_all_usage(records, phone, data):
    lines = [used(number, quantity, day) for number, (quantity, day) in enumerate(records)]
    waiting, done, items = data.draw(st.permutations(lines)), [], []
    while waiting:
        arrived = data.draw(st.integers(1, len(waiting)))
        items += bill(done + waiting[:arrived], phone, billed_by(items))
        done += [used(x.record_id, x.quantity, x.start_at.day, status="processed") for x in waiting[:arrived]]
        waiting = waiting[arrived:]
    assert sum(amounts(items)) == sum(amounts(bill(lines, phone)))
    assert bill(done, phone, billed_by(items)) == ()


@given(RECORDS, PHONES, st.randoms(use_true_random=False))
def test_the_order_of_the_usage_does_not_show_in_the_items(records, phone, random):
    lines = [used(number, quantity, day) for number, (quantity, day) in enumerate(records)]
    shuffled = random.sample(lines, len(lines))
    assert bill(shuffled, phone) == bill(lines, phone)


@given(st.lists(QUANTITIES, min_size=1, max_size=12), st.sampled_from(["tiered", "volume"]))
def test_cutting_usage_into_records_never_changes_what_a_billing_period_costs(pieces, model):
    phone = charge(model, *STEPPED)
    [whole] = bill([used(0, sum(pieces))], phone)
    [cut] = bill([used(number, piece) for number, piece in enumerate(pieces)], phone)
    assert (cut.quantity, cut.breakdown, cut.amount) == (whole.quantity, whole.breakdown, whole.amount)
