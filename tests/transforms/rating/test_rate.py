from datetime import UTC, datetime
from decimal import Decimal, Inexact
from zoneinfo import ZoneInfo

import pytest
from rating_by_hand import HOME_PHONE, amounts, bill, charge, used

from transforms.rating.lines import worth
from transforms.rating.usage import RatingError

JANUARY = [used(1, "20", day=1), used(2, "90", day=16), used(3, "50", day=1)]
FEBRUARY = {"period_start": datetime(2018, 2, 1, tzinfo=UTC), "period_end": datetime(2018, 3, 1, tzinfo=UTC)}


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
    done = [used(1, "20", status="Processed")]
    phone = charge("volume", *HOME_PHONE)
    assert bill(done, phone, {("C-1", done[0].period_start, ""): Decimal("220.00")}) == ()


def test_a_pending_record_worth_nothing_still_yields_its_item():
    [item] = bill([used(1, "0")], charge("volume", *HOME_PHONE))
    assert (item.amount, item.breakdown, item.record_ids) == (0, (), (1,))


def test_a_correction_downwards_gives_back_what_was_billed_too_much():
    phone = charge("volume", *HOME_PHONE, group="record")
    lines = [used(1, "20", status="Processed"), used(2, "-5", corrects=1)]
    [item] = bill(lines, phone, {("C-1", lines[0].period_start, "1"): Decimal(220)})
    assert (item.group_key, item.quantity, item.amount) == ("1", 15, 15 * 11 - 220)


def test_a_changed_rating_group_bills_nothing_twice():
    done = [used(1, "70", day=1, status="Processed"), used(2, "90", day=16, status="Processed")]
    before = {("C-1", done[0].period_start, ""): Decimal(1440)}
    items = bill(done, charge("volume", *HOME_PHONE, group="start_date"), before)
    assert [(item.group_key, item.amount) for item in items] == [("", -1440), ("2018-01-01", 700), ("2018-01-16", 900)]


def test_a_group_that_lost_its_usage_owes_no_first_flat_amount():
    phone = charge("tiered", {"flat": "100"}, at_zero="first_flat", group="start_date")
    done = used(1, "5", status="Processed")
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


def test_a_quantity_that_no_rated_item_can_hold_is_refused_by_charge_and_quantity():
    most = "9999999999999.9"
    [item] = bill([used(1, most)], charge("per_unit", price="0.01"))
    assert (item.quantity, item.amount) == (Decimal(most), Decimal("100000000000.00"))
    told = (
        r"'phone' \(C-1\) .*: more than 13 digits before the point: 10000000000000.0 minute; count it in a larger unit"
    )
    for too_much in ([used(1, most), used(2, "0.1")], [used(1, "9999999999999.91")]):
        with pytest.raises(RatingError, match=told):
            bill(too_much, charge("per_unit", price="0.01"))


def test_an_amount_that_no_rated_item_can_hold_is_refused_by_charge_and_amount():
    dear = charge("per_unit", price="1e9")
    assert amounts(bill([used(1, "999999999999")], dear)) == [Decimal("999999999999e9")]
    with pytest.raises(
        RatingError, match=r"'phone' .* more than 21 digits before the point: 1000000000000000000000.00 USD"
    ):
        bill([used(1, "1000000000000")], dear)


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
