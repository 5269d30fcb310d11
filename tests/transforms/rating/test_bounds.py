"""Tiers of a decision table's rows: each tier's amount is adjusted, then bounded, and the breakdown adds up."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rating_by_hand import amounts, bill, charge, rate_detail, used

from transforms.rating.lines import worth

CALLS = (
    {"up_to": "1000", "price": "0.05", "minimum": "40", "maximum": "60"},
    {"price": "0.03", "minimum": "80", "maximum": "200"},
)
BOUNDS = st.none() | st.integers(0, 80).map(str)
PERCENTAGES = st.sampled_from([None, "-100%", "-10%", "-0.125%", "+0%", "+33.3%", "+200%"])


def row(*tiers, **fields):
    return {"when": {"Plan": "pro"}, "effective": "2018-01-01T00:00:00+00:00", "tiers": tiers, **fields}


def phone(*rows, base="tiered"):
    return charge("dynamic", base=base, attributes={"Plan": "PLAN__c"}, table=rows, group="record")


def calls(quantity, record_id=1, **fields):
    return used(record_id, quantity, custom_fields={"PLAN__c": "pro"}, **fields)


def told(quantity, *rows, base="tiered"):
    """The lines of one record as (tier, format, amount), and what they come to."""
    (item,) = bill([calls(quantity)], phone(*rows, base=base))
    assert worth(item.breakdown) == item.amount_total
    return [(line.tier, line.format, line.amount) for line in item.breakdown], item.amount


def test_e33_eight_hundred_calls_less_ten_percent_are_raised_to_the_minimum_again():
    (item,) = bill([calls("800")], phone(row(*CALLS, adjustment="-10%")))
    assert [(line.format, line.amount) for line in item.breakdown] == [
        ("per_unit", 40), ("adjustment", -4), ("minimum", 4),
    ]  # fmt: skip
    assert (worth(item.breakdown), item.amount) == (40, 40)
    assert rate_detail(item.breakdown) == "1:1:0:1000:0.05;1:0:0:1000:-4.00000;1:0:0:1000:4.00000;"


def test_every_tier_that_is_entered_has_bounds_of_its_own():
    # 1000 at 0.05 are 50, less 10 % 45; 1000 at 0.03 are 30, less 10 % 27, raised to 80
    lines, amount = told("2000", row(*CALLS, adjustment="-10%"))
    assert lines == [(1, "per_unit", 50), (1, "adjustment", -5), (2, "per_unit", 30), (2, "adjustment", -3),
                     (2, "minimum", 53)]  # fmt: skip
    assert amount == 125


def test_an_amount_above_the_maximum_is_lowered_to_it():
    # 1000 at 0.05 are 50, and 30 % more 65; 10000 at 0.03 are 300, and 30 % more 390
    lines, amount = told("11000", row(*CALLS, adjustment="+30%"))
    assert [line for line in lines if line[1] == "maximum"] == [(1, "maximum", -5), (2, "maximum", -190)]
    assert amount == 60 + 200


@pytest.mark.parametrize(("quantity", "owed"), [("1000", 50), ("1000.1", 50 + 80), ("0", 0)])
def test_a_bound_belongs_to_the_tier_below_it_and_a_tier_that_is_not_entered_has_no_minimum(quantity, owed):
    assert told(quantity, row(*CALLS))[1] == owed


def test_the_tier_that_all_units_reach_prices_them_within_its_bounds():
    # 1001 at 0.03 are 30.03, less 10 % 27.027, raised to 80
    assert told("1001", row(*CALLS, adjustment="-10%"), base="volume") == (
        [(2, "per_unit", Decimal("30.03")), (2, "adjustment", Decimal("-3.003")), (2, "minimum", Decimal("52.973"))],
        80,
    )


def test_a_flat_amount_is_adjusted_and_bounded_with_the_units_of_its_tier():
    assert told("10", row({"price": "1", "flat": "5", "maximum": "12"}, adjustment="-10%")) == (
        [(1, "per_unit", 10), (1, "flat", 5), (1, "adjustment", Decimal("-1.5")), (1, "maximum", Decimal("-1.5"))],
        12,
    )


def test_tiers_that_were_negotiated_for_a_subscription_stand_for_themselves():
    pro = phone(row(*CALLS, adjustment="-10%"), row({"price": "0.02"}, subscription="S1"))
    assert amounts(bill([calls("800")], pro)) == [16]
    assert amounts(bill([calls("800", subscription_number="S2")], pro)) == [40]


def test_a_later_row_of_tiers_closes_the_former():
    rows = row(*CALLS), row({"price": "1"}) | {"effective": "2018-01-10T00:00:00+00:00"}
    assert amounts(bill([calls("3"), calls("3", 2, start_at=used(2, "3", 10).start_at)], phone(*rows))) == [40, 3]


def test_a_correction_is_billed_as_the_difference_and_a_record_that_is_taken_back_owes_nothing():
    done, back = calls("800", status="Processed"), calls("-800", 2, corrects=1)
    (item,) = bill([done, back], phone(row(*CALLS)), {("C-1", done.period_start, "1"): Decimal(40)})
    assert (item.quantity, item.breakdown, item.amount) == (0, (), -40)


@st.composite
def rows(draw):
    bounds = sorted(draw(st.sets(st.integers(1, 40), max_size=3)))
    tiers = []
    for bound in [*bounds, None]:
        low, high = draw(BOUNDS), draw(BOUNDS)
        if low and high and int(low) > int(high):
            low, high = high, low
        price = draw(st.decimals(0, 5, places=3))
        tiers.append({"price": str(price), "flat": draw(BOUNDS), "minimum": low, "maximum": high})
        tiers[-1] |= {} if bound is None else {"up_to": str(bound)}
    return row(*tiers, adjustment=draw(PERCENTAGES))


def of_tiers(units, given_row):
    """Count the units of each tier one by one."""
    found = {}
    for unit in range(1, units + 1):
        tier = next(at for at, each in enumerate(given_row["tiers"]) if unit <= int(each.get("up_to", unit)))
        found[tier] = found.get(tier, 0) + 1
    return found


def bounded(units, tier, adjustment):
    """The amount of one tier: the middle one of its adjusted amount and its bounds."""
    amount = units * Fraction(tier["price"]) + Fraction(tier["flat"] or 0)
    amount *= 1 + Fraction((adjustment or "0%").removesuffix("%")) / 100
    low = Fraction(tier["minimum"] or 0)
    high = Fraction(tier["maximum"] or 10**9)
    return sorted([low, amount, high])[1]


@given(given_row=rows(), units=st.integers(1, 60))
def test_a_record_owes_the_sum_of_its_bounded_tiers(given_row, units):
    (item,) = bill([calls(str(units))], phone(given_row))
    counted = of_tiers(units, given_row)
    tiers, adjustment = given_row["tiers"], given_row["adjustment"]
    assert Fraction(worth(item.breakdown)) == sum(bounded(n, tiers[at], adjustment) for at, n in counted.items())
    (item,) = bill([calls(str(units))], phone(given_row, base="volume"))
    assert Fraction(worth(item.breakdown)) == bounded(units, tiers[max(counted)], adjustment)
