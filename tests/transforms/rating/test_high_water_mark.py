from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rating_by_hand import HOME_PHONE, bill, charge, used

from transforms.rating.high_water_mark import highest_day
from transforms.rating.usage import RatingError

DAYS = [used(1, "40", day=3), used(2, "30", day=3), used(3, "60", day=10), used(4, "5", day=11)]


def test_the_highest_day_is_priced_by_the_tier_that_it_reaches():
    [item] = bill(DAYS, charge("high_water_mark_volume", *HOME_PHONE))
    assert (item.quantity, item.amount, item.record_ids) == (70, 700, (1, 2, 3, 4))


def test_the_highest_day_fills_the_tiers():
    [item] = bill(DAYS, charge("high_water_mark_tiered", *HOME_PHONE))
    assert item.amount == 50 * 11 + 20 * 10


def test_days_are_cut_on_the_clock_of_the_account():
    evening = datetime(2018, 1, 3, 23, tzinfo=UTC)
    near = [used(1, "1", start_at=evening), used(2, "3", day=4), used(3, "2", day=3)]
    assert highest_day(near) == 3
    tokyo = [used(line.record_id, line.quantity, start_at=line.start_at, time_zone="Asia/Tokyo") for line in near]
    assert highest_day(tokyo) == 4


def test_usage_on_a_lower_day_changes_nothing_and_on_the_highest_it_does():
    mark = charge("high_water_mark_volume", *HOME_PHONE)
    before = {("C-1", DAYS[0].period_start, ""): Decimal(700)}
    [same] = bill([*DAYS, used(5, "9", day=10)], mark, before)
    assert (same.quantity, same.amount) == (70, 0)
    [more] = bill([*DAYS, used(5, "31", day=10)], mark, before)
    assert (more.quantity, more.amount) == (91, 210)


def test_an_adjustment_lowers_the_day_of_what_it_corrects():
    [item] = bill([*DAYS, used(5, "-25", day=3, corrects=1)], charge("high_water_mark_volume", *HOME_PHONE))
    assert item.quantity == 60


def test_a_day_below_zero_is_refused():
    with pytest.raises(RatingError, match=r"'phone' \(C-1\) .*: 2018-01-11 comes to -1 units"):
        bill([*DAYS, used(5, "-6", day=11)], charge("high_water_mark_volume", *HOME_PHONE))
