from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from transforms.catalog.models import Pricing

TIERS = [{"up_to": "10", "price": "1"}, {"price": "2"}]


def pricing(model, **fields):
    return TypeAdapter(Pricing).validate_python({"model": model} | fields)


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        (
            "tiered_with_overage",
            {"tiers": TIERS, "overage_price": "1"},
            "the last tier has no up_to, so nothing would be",
        ),
        ("tiered_with_overage", {"tiers": TIERS[:1]}, "overage_price\n  Field required"),
        (
            "tiered_with_overage",
            {"tiers": TIERS[:1], "overage_price": "1", "above_last_tier": "refuse"},
            "Extra inputs",
        ),
        ("high_water_mark_volume", {"tiers": TIERS[:1]}, "the last tier of a high-water mark must be open"),
        ("high_water_mark_tiered", {"tiers": TIERS[:1]}, "the last tier of a high-water mark must be open"),
        ("high_water_mark_tiered", {"tiers": TIERS[::-1]}, "tier 1 has no up_to; only the last tier may be open"),
        ("overage", {"included": "0", "price": "1"}, "greater than 0"),
        ("overage", {"included": "10", "price": "-1"}, "greater than or equal to 0"),
        ("overage", {"price": "1"}, "included\n  Field required"),
        ("flat_fee", {"price": "-1"}, "greater than or equal to 0"),
        ("pre_rated_total", {"field": "Amount"}, "letter, then"),
        ("pre_rated_per_unit", {}, "field\n  Field required"),
        ("package", {"price": "1"}, "'package' found using 'model' does not match any of the expected tags"),
        ("percentage", {"price": "1"}, "does not match any of the expected tags"),
        ("delivery", {"price": "1"}, "does not match any of the expected tags"),
    ],
)
def test_a_model_that_we_do_not_have_or_that_leaves_a_question_open_is_refused(model, fields, message):
    with pytest.raises(ValidationError, match=message):
        pricing(model, **fields)


@pytest.mark.parametrize(
    "price", ["0." + "0" * 60 + "1", "1" + "0" * 60, "1e60", "1e-61", "1_000", "1,5", "NaN", "0x10", ".", ""]
)
def test_a_number_that_could_not_be_counted_with_exactly_or_that_reads_two_ways_is_refused(price):
    with pytest.raises(ValidationError, match=r"such as 0\.25, with at most 60 digits before the point and 60 behind"):
        pricing("per_unit", price=price)


@pytest.mark.parametrize("price", ["0.25", "5", ".5", "1E-9", " 12.50 ", "5.", "1e59", "0." + "0" * 59 + "1"])
def test_a_number_keeps_every_digit_that_was_written(price):
    assert pricing("per_unit", price=price).price == Decimal(price)


def test_overage_comes_to_two_tiers_and_tiered_with_overage_to_one_more():
    overage = pricing("overage", included="10", price="0.5").table
    assert [(tier.up_to, tier.price) for tier in overage.tiers] == [(10, 0), (None, Decimal("0.5"))]
    more = pricing("tiered_with_overage", tiers=TIERS[:1], overage_price="3").table
    assert [(tier.up_to, tier.price) for tier in more.tiers] == [(10, 1), (None, 3)]


def test_two_models_that_say_the_same_are_equal_whether_or_not_they_have_priced_anything():
    one, other = (pricing("overage", included="10", price="0.5") for _ in range(2))
    assert one.table.tiers
    assert one == other
