"""Every reading of a period is in exactly one place: used, or left out for a reason that is counted."""

from decimal import Decimal

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import derive
from transforms.meter import Derivation
from transforms.scope import CalendarRow, ScopeRow
from transforms.source import Duplicates

# A-1 and its S-1 are billed by C-1; A-2 within 12..16 by C-2; A-3 not at all; the period of A-2 begins earlier.
CALENDAR = [CalendarRow("A-1", 10, 20), CalendarRow("A-2", 8, 18), CalendarRow("A-3", 10, 20)]
DEFAULT = CalendarRow("", 10, 20)
SCOPE = [
    ScopeRow("A-1", "", "C-1", 10, 20, None),
    ScopeRow("A-1", "S-1", "C-1", 10, 20, None),
    ScopeRow("A-2", "", "C-2", 12, 16, None),
    ScopeRow("A-3", "", None, 0, 0, "no_charge"),
]
DECIMAL = pa.decimal128(38, 18)


def table(readings):
    """A table of (account, at, value), with (subscription, event id) behind it where there are any."""
    full = [(*reading, *("", None)[len(reading) - 3 :]) for reading in readings]
    accounts, instants, values, subscriptions, ids = zip(*full, strict=True)
    rows = range(1, len(full) + 1)
    columns = {
        "row": pa.array(rows, pa.int64()),
        "account": pa.array(accounts, pa.string()),
        "subscription": pa.array(subscriptions, pa.string()),
        "at_us": pa.array(instants, pa.int64()),
        "value": pa.array(map(Decimal, values), DECIMAL),
        "id_high": pa.array([1 if each is None else 2 for each in ids], pa.int64()),
        "id_low": pa.array([row if each is None else each for row, each in zip(rows, ids, strict=True)], pa.int64()),
    }
    return ibis.memtable(pa.table(columns))


def classified(readings, duplicates="keep", *, by_event_id=False):
    dated = derive.inside(table(readings), CALENDAR, DEFAULT)
    return derive.classify(dated, SCOPE, Duplicates(duplicates), by_event_id=by_event_id)


@pytest.fixture(scope="module")
def places(backend):
    """What becomes of readings, in their order: the category, with the reason where there is one."""

    def found(readings, duplicates="keep", *, by_event_id=False):
        table = backend.to_pyarrow(classified(readings, duplicates, by_event_id=by_event_id).order_by("row"))
        rows = table.to_pylist()
        return [": ".join(filter(None, (row["category"], row["reason"]))) for row in rows]

    return found


@pytest.fixture(scope="module")
def ledger(backend):
    """The ledger's lines of readings, sorted."""

    def counted(readings, duplicates="keep", *, by_event_id=False):
        lines = derive.ledger(classified(readings, duplicates, by_event_id=by_event_id))
        return sorted(backend.to_pyarrow(lines).to_pylist(), key=lambda line: (line["category"], line["reason"] or ""))

    return counted


@pytest.mark.parametrize(
    ("reading", "place"),
    [
        (("A-1", 10, 1), "used"),
        (("A-1", 19, 1, "S-1"), "used"),
        (("A-1", 15, 1, "S-9"), "quarantined: unknown_subscription"),
        (("A-9", 15, 1), "quarantined: unknown_account"),
        (("A-3", 15, 1), "quarantined: no_charge"),
        (("A-2", 12, 1), "used"),
        (("A-2", 15, 1), "used"),
        (("A-2", 16, 1), "out_of_scope: outside_subscription"),
        (("A-2", 17, 1), "out_of_scope: outside_subscription"),
        (("A-2", 11, 1), "out_of_scope: outside_subscription"),
        (("A-2", 8, 1), "out_of_scope: outside_subscription"),
    ],
)
def test_every_reading_of_the_period_has_a_place_and_a_reason_where_it_is_not_used(places, reading, place):
    assert places([reading]) == [place]


@pytest.mark.parametrize(
    ("reading", "place"),
    [
        (("A-1", 9, 1), "before"),
        (("A-1", 20, 1), "after"),
        (("A-2", 7, 1), "before"),
        (("A-2", 18, 1), "after"),
        (("A-9", 9, 1), "before"),
        (("A-9", 20, 1), "after"),
    ],
)
def test_a_reading_of_another_period_by_the_accounts_own_clock_is_not_this_periods(places, ledger, reading, place):
    assert places([reading])[0].startswith(place)
    assert ledger([reading]) == []


TWICE = [("A-1", 15, "5"), ("A-1", 15, "5")]


def test_a_repeated_reading_is_used_twice_once_or_never_as_the_source_declares(places):
    assert places(TWICE, "keep") == ["used", "used"]
    assert places(TWICE, "exact") == ["used", "duplicate: same_content"]
    assert places(TWICE, "reject") == ["quarantined: repeated_reading"] * 2


def test_without_event_ids_two_values_at_one_instant_are_two_readings_unless_repeats_are_rejected(places):
    differing = [("A-1", 15, "5"), ("A-1", 15, "6")]
    assert places(differing, "exact") == ["used", "used"]
    assert places(differing, "reject") == ["quarantined: repeated_reading"] * 2


@pytest.mark.parametrize("other", [("A-1", 16, "5"), ("A-1", 15, "5", "S-1"), ("A-2", 15, "5")])
@pytest.mark.parametrize("policy", ["exact", "reject"])
def test_readings_of_another_instant_subscription_or_account_repeat_nothing(places, other, policy):
    assert places([("A-1", 15, "5"), other], policy) == ["used", "used"]


def test_with_event_ids_equal_readings_of_different_ids_are_both_used(places):
    two = [("A-1", 15, "5", "", 71), ("A-1", 15, "5", "", 72)]
    assert places(two, "exact", by_event_id=True) == ["used", "used"]
    assert places(two, "reject", by_event_id=True) == ["used", "used"]


def test_with_event_ids_an_exact_copy_counts_once_or_never_as_the_source_declares(places):
    copy = [("A-1", 15, "5", "", 71), ("A-1", 15, "5", "", 71)]
    assert places(copy, "keep", by_event_id=True) == ["used", "used"]
    assert places(copy, "exact", by_event_id=True) == ["used", "duplicate: same_content"]
    assert places(copy, "reject", by_event_id=True) == ["quarantined: repeated_reading"] * 2


@pytest.mark.parametrize(
    "other", [("A-1", 15, "6", "", 71), ("A-1", 16, "5", "", 71), ("A-1", 15, "5", "S-1", 71), ("A-2", 15, "5", "", 71)]
)
def test_rows_of_one_event_id_that_contradict_each_other_are_all_quarantined(places, other):
    rows = [("A-1", 15, "5", "", 71), ("A-1", 15, "5", "", 71), other, ("A-1", 15, "5", "", 72)]
    assert places(rows, "exact", by_event_id=True) == ["quarantined: conflicting_duplicate"] * 3 + ["used"]


def test_a_copy_that_is_not_billed_anyway_takes_nothing_from_the_one_that_is(places):
    rows = [("A-2", 11, "5"), ("A-2", 11, "5"), ("A-2", 15, "5")]
    assert places(rows, "reject") == ["out_of_scope: outside_subscription"] * 2 + ["used"]
    one_id = [("A-2", 11, "5", "", 71), ("A-2", 15, "5", "", 71)]
    assert places(one_id, "reject", by_event_id=True) == ["out_of_scope: outside_subscription", "used"]
    assert places(one_id, "exact", by_event_id=True) == ["out_of_scope: outside_subscription", "used"]


def test_the_ledger_names_an_account_and_counts_how_many_there_are(ledger):
    lines = ledger([("A-9", 15, 1), ("A-8", 15, 1), ("A-8", 16, 1), ("A-1", 15, 1), ("A-1", 25, 1)])
    assert lines == [
        {"category": "quarantined", "reason": "unknown_account", "rows": 3, "accounts": 2, "example": "A-8"},
        {"category": "used", "reason": None, "rows": 1, "accounts": 1, "example": "A-1"},
    ]


READINGS = st.lists(
    st.tuples(
        st.sampled_from(["A-1", "A-2", "A-3", "A-9", ""]),
        st.integers(5, 25),
        st.integers(0, 1).map(str),
        st.sampled_from(["", "S-1", "S-9"]),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=60,
)
BOUNDS = {row.account: (row.start_us, row.end_us) for row in CALENDAR}
queries = settings(max_examples=25, deadline=None)  # each example is a query or more


@queries
@given(readings=READINGS, duplicates=st.sampled_from(list(Duplicates)), by_event_id=st.booleans())
def test_conservation_the_places_add_up_to_the_readings_of_the_period(ledger, readings, duplicates, by_event_id):
    bounds = [(at, BOUNDS.get(account, (10, 20))) for account, at, *_ in readings]
    landed = sum(start <= at < end for at, (start, end) in bounds)
    lines = ledger(readings, duplicates, by_event_id=by_event_id)
    assert sum(line["rows"] for line in lines) == landed
    assert {line["category"] for line in lines} <= {"used", "duplicate", "out_of_scope", "quarantined"}
    assert all((line["category"] == "used") == (line["reason"] is None) for line in lines)


@queries
@given(readings=READINGS, duplicates=st.sampled_from(list(Duplicates)), by_event_id=st.booleans())
def test_the_readings_behind_the_quantities_are_those_that_the_ledger_counts_as_used(
    backend, ledger, readings, duplicates, by_event_id
):
    table = classified(readings, duplicates, by_event_id=by_event_id)
    used = sum(line["rows"] for line in ledger(readings, duplicates, by_event_id=by_event_id) if not line["reason"])
    for function in ("sum", "time_weighted_average"):
        rows = backend.to_pyarrow(derive.quantities(table, Derivation(function=function))).to_pylist()
        assert sum(row["readings"] for row in rows) == used
        assert len({row["charge_number"] for row in rows}) == len(rows)


@queries
@given(data=st.data(), readings=READINGS, duplicates=st.sampled_from(list(Duplicates)), by_event_id=st.booleans())
def test_how_much_is_in_which_place_does_not_depend_on_the_order_of_rows(
    ledger, data, readings, duplicates, by_event_id
):
    shuffled = data.draw(st.permutations(readings))
    again = ledger(shuffled, duplicates, by_event_id=by_event_id)
    assert again == ledger(readings, duplicates, by_event_id=by_event_id)
