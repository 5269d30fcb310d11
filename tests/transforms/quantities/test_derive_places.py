"""Every reading of a period is in exactly one place: used, or left out for a reason that is counted."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readings_by_hand import Rules, landed, source_of, target, window

from transforms.catalog.meter import Derivation
from transforms.catalog.source import Duplicates
from transforms.quantities import derive, place
from transforms.quantities.reconcile import LedgerLine
from transforms.readings.fate import Fate

# A-1 and its S-1 are billed by C-1; A-2 within 12..16 by C-2; A-3 not at all; the period of A-2 begins earlier.
SCOPE = {
    ("A-1", ""): target("A-1", "C-1", (10, 20)),
    ("A-1", "S-1"): target("A-1", "C-1", (10, 20)),
    ("A-2", ""): target("A-2", "C-2", (8, 18), (12, 16)),
    ("A-3", ""): target("A-3", "", (10, 20), (0, 0), "no_charge"),
}
DEFAULT = window(10, 20)


def rules(backend, readings, duplicates="keep", *, by_event_id=False, function="sum"):
    """Take (account, at, value), with (subscription, event id) behind them where there are any, through the rules."""
    full = [(*reading, *("", None)[len(reading) - 3 :]) for reading in readings]
    rows = [
        {"account": account, "at_us": at, "value": value, "subscription": subscription}
        | ({} if event is None else {"id_high": event, "id_low": 7})
        for account, at, value, subscription, event in full
    ]
    source = source_of(duplicates, by_event_id=by_event_id)
    return Rules(backend, landed(rows), source, SCOPE, DEFAULT, Derivation(function=function))


@pytest.fixture(scope="module")
def places(backend):
    """What becomes of readings, in their order: the place, with the reason where there is one."""

    def found(readings, duplicates="keep", *, by_event_id=False):
        taken = rules(backend, readings, duplicates, by_event_id=by_event_id)
        rows = backend.to_pyarrow(taken.placed.order_by("row")).to_pylist()
        return [_place(row, taken) for row in rows]

    return found


def _place(row, taken):
    """Ask the ledger about one reading alone."""
    if row["fate"] in (Fate.BEFORE, Fate.AFTER):
        return Fate(row["fate"]).name.lower()
    alone = {("slot", row["slot"]), ("fate", row["fate"]), ("rows", 1)}
    unknown = [row | {"rows": 1}] if row["fate"] == Fate.UNKNOWN else []
    used = int(row["fate"] == Fate.USED)
    accounts = {account for account, _ in SCOPE}
    (line,) = derive.ledger(used, [] if used or unknown else [dict(alone)], unknown, taken.targets, accounts)
    return ": ".join(filter(None, (line.place, line.reason)))


@pytest.fixture(scope="module")
def ledger(backend):
    """The ledger's lines of readings."""

    def counted(readings, duplicates="keep", *, by_event_id=False):
        return rules(backend, readings, duplicates, by_event_id=by_event_id).lines()

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


def test_one_event_id_that_stands_for_two_readings_is_trusted_for_neither(places):
    one_id = [("A-2", 11, "5", "", 71), ("A-2", 15, "5", "", 71)]
    assert places(one_id, "reject", by_event_id=True) == [
        "out_of_scope: outside_subscription",
        "quarantined: repeated_reading",
    ]
    assert places(one_id, "exact", by_event_id=True) == [
        "out_of_scope: outside_subscription",
        "quarantined: conflicting_duplicate",
    ]


def test_an_event_id_is_held_against_those_of_its_own_day_alone(places):
    tomorrow = [("A-1", 15, "5", "", 71), ("A-1", 15 + 86_400_000_000, "5", "", 71)]
    assert places(tomorrow, "exact", by_event_id=True) == ["used", "after"]


def test_the_ledger_names_an_account_and_counts_how_many_there_are(ledger):
    lines = ledger([("A-9", 15, 1), ("A-8", 15, 1), ("A-8", 16, 1), ("A-1", 15, 1), ("A-1", 25, 1)])
    assert lines == [
        LedgerLine("quarantined", "unknown_account", 3, "account A-8 and 1 more"),
        LedgerLine("used", "", 1),
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
BOUNDS = {name: (each.period.start_us, each.period.end_us) for name, each in SCOPE.items()}
queries = settings(max_examples=25)  # each example is a query or more


@queries
@given(readings=READINGS, duplicates=st.sampled_from(list(Duplicates)), by_event_id=st.booleans())
def test_conservation_the_places_add_up_to_the_readings_of_the_period(ledger, readings, duplicates, by_event_id):
    bounds = [(at, BOUNDS.get((account, name), (10, 20))) for account, at, _, name, _ in readings]
    landed = sum(start <= at < end for at, (start, end) in bounds)
    lines = ledger(readings, duplicates, by_event_id=by_event_id)
    assert sum(line.rows for line in lines) == landed
    assert {line.place for line in lines} <= {"used", "duplicate", "out_of_scope", "quarantined"}
    assert all((line.place == "used") == (line.reason == "") for line in lines)


@queries
@given(readings=READINGS, duplicates=st.sampled_from(list(Duplicates)), by_event_id=st.booleans())
def test_the_readings_behind_the_quantities_are_those_that_the_ledger_counts_as_used(
    backend, ledger, readings, duplicates, by_event_id
):
    used = sum(line.rows for line in ledger(readings, duplicates, by_event_id=by_event_id) if not line.reason)
    for function in ("sum", "time_weighted_average"):
        rows = rules(backend, readings, duplicates, by_event_id=by_event_id, function=function).records()
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


def test_two_names_that_share_one_hash_are_refused_rather_than_mixed_up():
    targets = place.targets_of(SCOPE)
    points = pa.table({"place": list(range(len(SCOPE))), "point": [7, *range(len(SCOPE) - 2), 7]})
    with pytest.raises(place.SharedPointError, match="two accounts or subscriptions share one hash; rename one"):
        place.scope_table(SCOPE, targets, points)
