from decimal import Decimal

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.catalog.source import Source
from transforms.readings.readings import parse

PLAIN = {"at": "t", "value": "v"}


def source(name="s", files="*.csv", **columns):
    return Source.model_validate({"source": name, "files": files, "columns": PLAIN | columns})


IN_COLUMN = source(account="a")
WITH_IDS = source(account="a", event_id="e")


def identities(readings):
    return [(reading["id_high"], reading["id_low"]) for reading in readings]


def test_an_account_stands_in_a_column_or_in_the_path(parsed):
    assert parsed([{"account": " A-7 "}], IN_COLUMN)[0]["account"] == "A-7"
    in_path = source(files="{account}/{subscription}.csv")
    reading = parsed([{}], in_path, path={"account": "A-8", "subscription": "S-9"})[0]
    assert (reading["account"], reading["subscription"]) == ("A-8", "S-9")


def test_where_no_subscription_is_named_it_is_empty(parsed):
    assert parsed([{}], IN_COLUMN)[0]["subscription"] == ""
    assert parsed([{"subscription": "S-2"}], source(account="a", subscription="s"))[0]["subscription"] == "S-2"


def test_without_event_ids_a_reading_is_its_file_and_row(parsed):
    readings = parsed([{}, {}], IN_COLUMN, file_key=-42)
    assert identities(readings) == [(-42, 1), (-42, 2)]
    assert identities(parsed([{}], IN_COLUMN, file_key=43)) == [(43, 1)]


def test_with_event_ids_a_reading_is_its_id_whatever_file_row_account_or_time_it_came_with(parsed):
    first = parsed([{"event_id": "e-1"}, {"event_id": "e-2"}], WITH_IDS, file_key=1)
    again = parsed([{"event_id": "e-2", "account": "A-2", "at": "2015-01-01"}, {"event_id": " e-1 "}], WITH_IDS)
    assert identities(first) == identities(again)[::-1]
    assert len(set(identities(first))) == 2


def test_the_same_event_id_in_two_sources_is_two_readings(parsed):
    other = source("other", account="a", event_id="e")
    assert identities(parsed([{}], WITH_IDS)) != identities(parsed([{}], other))


@settings(max_examples=5)  # each example is a query
@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9), unique=True, min_size=200))
def test_different_event_ids_are_different_identities_and_fit_two_signed_integers(parsed, ids):
    found = identities(parsed([{"event_id": each} for each in ids], WITH_IDS))
    assert len(set(found)) == len(ids)
    assert all(-(2**63) <= half < 2**63 for pair in found for half in pair)
    assert min(high for high, _ in found) < 0 < max(high for high, _ in found)


BAD = {"at": "soon", "account": "", "event_id": "", "value": "NaN"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (BAD | {"defect": "ragged_row"}, "ragged_row"),
        (BAD | {"at": ""}, "missing_at"),
        (BAD, "unreadable_at"),
        (BAD | {"at": "2014-01-15"}, "missing_account"),
        (BAD | {"at": "2014-01-15", "account": " "}, "missing_account"),
        (BAD | {"at": "2014-01-15", "account": None}, "missing_account"),
        (BAD | {"at": "2014-01-15", "account": "A-1"}, "missing_event_id"),
        (BAD | {"at": "2014-01-15", "account": "A-1", "event_id": None}, "missing_event_id"),
        (BAD | {"at": "2014-01-15", "account": "A-1", "event_id": "e-1"}, "unreadable_value"),
        ({"value": ""}, "missing_value"),
        ({}, None),
    ],
)
def test_of_all_that_is_wrong_with_a_row_the_first_reason_is_given(parsed, row, reason):
    assert parsed([row], WITH_IDS)[0]["reason"] == reason


def test_a_row_keeps_the_text_that_stood_in_the_file(parsed):
    reading = parsed([{"at": "soon", "value": " 1,137 ", "account": None}], IN_COLUMN)[0]
    assert reading["raw"] == "soon\x1f 1,137 \x1f"


def test_a_reading_has_the_columns_that_every_later_step_counts_on(raw):
    schema = parse(raw([{}], IN_COLUMN), IN_COLUMN, file_key=1, path={}).schema()
    assert dict(schema.items()) == {
        "row": ibis.dtype("int64"),
        "account": ibis.dtype("string"),
        "subscription": ibis.dtype("string"),
        "point": ibis.dtype("int64"),
        "at_us": ibis.dtype("int64"),
        "raw": ibis.dtype("string"),
        "value": ibis.dtype("decimal(38, 18)"),
        "id_high": ibis.dtype("int64"),
        "id_low": ibis.dtype("int64"),
        "revision": ibis.dtype("int64"),
        "reason": ibis.dtype("string"),
    }


def test_the_values_of_a_reading_are_decimals_of_the_declared_scale(parsed):
    value = parsed([{"value": "1.5"}], IN_COLUMN)[0]["value"]
    assert isinstance(value, Decimal)
    assert value.as_tuple().exponent == -18
