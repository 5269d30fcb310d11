from decimal import Decimal

import pytest
from pydantic import ValidationError

from transforms.catalog.decision_table import Dynamic

ROW = {"when": {"State": "CA"}, "effective": "2025-01-01T00:00:00+00:00", "price": "2"}
TIERED = {name: ROW[name] for name in ("when", "effective")}
TABLE = {"model": "dynamic", "attributes": {"State": "state__c"}, "table": [ROW]}


def test_a_table_of_one_row_is_enough():
    assert Dynamic.model_validate(TABLE).table[0].price == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": []}, "at least 1 item"),
        ({"attributes": {}}, "at least 1 item"),
        ({"attributes": {"State": "State"}}, "letter, then"),
        ({"attributes": {"CustomerReference": "state__c"}}, "CustomerReference is set by the billing platform alone"),
        ({"attributes": {"customer_reference": "state__c"}}, "CustomerReference is set by the billing platform alone"),
        ({"attributes": {"State": "CustomerReference__c"}}, "CustomerReference is set by the billing platform alone"),
        ({"attributes": {"State": "state__c", "Plan": "plan__c"}}, "row 1 of the table must give Plan, State, and"),
        ({"fallback": "list_price"}, "fallback: list_price and a list_price go together"),
        ({"list_price": {"model": "per_unit", "price": "1"}}, "fallback: list_price and a list_price go together"),
        ({"fallback": "free"}, "'fail' or 'list_price'"),
        ({"base": "overage"}, "'per_unit', 'flat_fee', 'tiered' or 'volume'"),
        ({"base": "tiered"}, "row 1 of the table must have tiers, as base: tiered says"),
        ({"fallback": "list_price", "list_price": {"model": "overage"}}, "does not match any of the expected tags"),
    ],
)
def test_a_table_that_leaves_a_question_open_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        Dynamic.model_validate(TABLE | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"effective": "2025-01-01T00:00:00"}, "an instant needs its offset, such as 2025-01-01T00:00:00"),
        ({"effective": "2025-01-01"}, "an instant needs its offset"),
        ({"effective": "1735689600"}, "an instant with its offset|an instant needs its offset"),
        ({"effective": "soon"}, "write an instant with its offset"),
        ({"price": "-1"}, "greater than or equal to 0"),
        ({"minimum": "3", "maximum": "2"}, "the minimum 3 is above the maximum 2"),
        ({"subscription": ""}, "at least 1 character"),
        ({"when": {"Plan": "a"}}, "row 1 of the table must give State, and nothing else"),
        ({"operator": ">="}, "Extra inputs are not permitted"),
        ({"price": None}, "a row needs a price, or tiers; give one of the two"),
        ({"tiers": [{"price": "1"}]}, "a row needs a price, or tiers; give one of the two"),
        ({"adjustment": "10%"}, "write a percentage with its sign, such as -10% or"),
        ({"adjustment": "-0.1"}, "write a percentage with its sign, such as -10% or"),
        ({"adjustment": "-100.5%"}, "-100.5% takes off more than there is"),
    ],
)
def test_a_row_that_leaves_a_question_open_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        Dynamic.model_validate(TABLE | {"table": [ROW | changes]})


@pytest.mark.parametrize(
    "again", ["2025-01-01T00:00:00+00:00", "2025-01-01T01:00:00+01:00", "2024-12-31T19:00:00-05:00"]
)
def test_the_same_attributes_at_the_same_instant_twice_are_refused(again):
    with pytest.raises(
        ValidationError, match="rows 1 and 3 of the table have the same attributes and the same effective"
    ):
        Dynamic.model_validate(TABLE | {"table": [ROW, ROW | {"when": {"State": "NY"}}, ROW | {"effective": again}]})


OPEN = {"price": "3"}


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ([{"up_to": "10", "price": "3"}], "the last tier of a row must be open: leave its up_to out"),
        ([OPEN, OPEN], "tier 1 has no up_to; only the last tier may be open"),
        ([{"up_to": "10"}, OPEN], "a tier needs a price per unit, a flat amount, or both"),
        ([{"up_to": "10", "price": "1"}, {"up_to": "10", "price": "2"}, OPEN], "tier 2 ends at 10, not above tier 1"),
        ([OPEN | {"minimum": "3", "maximum": "2"}], "the minimum 3 is above the maximum 2"),
        ([OPEN | {"adjustment": "-1%"}], "Extra inputs are not permitted"),
    ],
)
def test_tiers_that_leave_a_question_open_are_refused(tiers, message):
    with pytest.raises(ValidationError, match=message):
        Dynamic.model_validate(TABLE | {"base": "tiered", "table": [TIERED | {"tiers": tiers}]})


def test_a_row_of_tiers_written_as_text_is_read_again_as_it_was():
    tiers = [{"up_to": "10", "price": "0.50", "maximum": "4"}, OPEN]
    table = Dynamic.model_validate(
        TABLE | {"base": "volume", "table": [TIERED | {"tiers": tiers, "adjustment": "-12.5%"}]}
    )
    assert table.table[0].factor == Decimal("0.875")
    assert Dynamic.model_validate(table.model_dump(mode="json", exclude_unset=True)) == table


def test_bounds_beside_tiers_are_refused_for_nobody_can_tell_of_what():
    with pytest.raises(ValidationError, match="the bounds of a row with tiers stand in its tiers"):
        Dynamic.model_validate(TABLE | {"base": "tiered", "table": [TIERED | {"tiers": [OPEN], "minimum": "1"}]})


def test_tiers_are_refused_where_the_base_is_a_price():
    with pytest.raises(ValidationError, match="row 1 of the table must have a price, as base: per_unit says"):
        Dynamic.model_validate(TABLE | {"table": [TIERED | {"tiers": [OPEN]}]})


def test_a_negotiated_row_may_stand_beside_a_standard_one():
    rows = [ROW, ROW | {"subscription": "S-1"}, ROW | {"subscription": "S-2"}]
    assert len(Dynamic.model_validate(TABLE | {"table": rows}).rows) == 3
