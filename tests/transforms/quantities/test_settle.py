"""Repeats and revisions: of readings that share an identity, which one holds, and where the others stand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readings_by_hand import Rules, landed, source_of, target, window

from transforms.catalog.meter import Derivation
from transforms.catalog.source import Duplicates

DAY = 86_400_000_000
PERIOD = (0, 2 * DAY)
SCOPE = {(name, ""): target(name, f"C-{name}", PERIOD) for name in ("A-1", "A-2")}
USED, COPY, SUPERSEDED = ("used", ""), ("duplicate", "same_content"), ("superseded", "later_revision")
CONFLICT, REPEATED = ("quarantined", "conflicting_duplicate"), ("quarantined", "repeated_reading")


@pytest.fixture(scope="module")
def settled(backend):
    """Settle (value, revision) or (value, revision, changes) of one instant and event; gives the sum and the ledger."""

    def run(readings, duplicates="exact", *, by_event_id=False):
        plain = {"account": "A-1", "at_us": 10, "attribute_tier": ""}
        rows = [
            plain
            | ({"id_high": 7, "id_low": 7} if by_event_id else {})
            | {"value": value, "revision": revision, **more}
            for value, revision, more in ((*reading, {})[:3] for reading in readings)
        ]
        source = source_of(duplicates, by_event_id=by_event_id, revision=True, attributes=["tier"])
        table = landed(rows, ["tier"])
        rules = Rules(backend, table, source, SCOPE, window(*PERIOD), Derivation(function="sum"))
        return sum(rules.exact().values()), rules.ledger()

    return run


@pytest.mark.parametrize("by_event_id", [False, True])
@pytest.mark.parametrize("duplicates", ["keep", "exact", "reject"])
def test_a_later_revision_replaces_and_never_adds_whatever_the_policy_for_copies(settled, duplicates, by_event_id):
    found = settled([("5", 1), ("7", 3), ("6", 2)], duplicates, by_event_id=by_event_id)
    assert found == (7, {USED: 1, SUPERSEDED: 2})


@pytest.mark.parametrize("files", [(1, 1), (1, 2), (2, 1)])
def test_it_does_not_matter_which_file_brought_the_revision(settled, files):
    first, second = ({"id_high": file} for file in files)
    assert settled([("5", 1, first), ("7", 2, second)]) == (7, {USED: 1, SUPERSEDED: 1})


@pytest.mark.parametrize("by_event_id", [False, True])
def test_copies_of_the_highest_revision_are_settled_among_themselves(settled, by_event_id):
    twice = [("5", 1), ("7", 2), ("7", 2)]
    assert settled(twice, "keep", by_event_id=by_event_id) == (14, {USED: 2, SUPERSEDED: 1})
    assert settled(twice, "exact", by_event_id=by_event_id) == (7, {USED: 1, COPY: 1, SUPERSEDED: 1})
    assert settled(twice, "reject", by_event_id=by_event_id) == (0, {REPEATED: 2, SUPERSEDED: 1})


def test_two_values_of_one_revision_and_event_contradict_each_other_and_none_is_billed(settled):
    assert settled([("5", 1), ("7", 2), ("8", 2)], by_event_id=True) == (0, {CONFLICT: 2, SUPERSEDED: 1})


def test_without_event_ids_two_values_of_one_revision_are_two_readings(settled):
    assert settled([("5", 1), ("7", 2), ("8", 2)]) == (15, {USED: 2, SUPERSEDED: 1})


def test_a_revision_may_move_an_event_to_another_instant_of_its_day(settled):
    assert settled([("5", 1), ("7", 2, {"at_us": 11})], by_event_id=True) == (7, {USED: 1, SUPERSEDED: 1})


def test_an_event_id_that_comes_back_on_another_day_is_another_event(settled):
    assert settled([("5", 1), ("7", 2, {"at_us": 10 + DAY})], by_event_id=True) == (12, {USED: 2})


@pytest.mark.parametrize("other", [{"at_us": 11}, {"account": "A-2"}, {"attribute_tier": "gold"}])
def test_without_event_ids_readings_of_another_instant_account_or_attribute_are_not_revised(settled, other):
    assert settled([("5", 1), ("7", 2, other)]) == (12, {USED: 2})


def test_an_account_that_a_later_revision_names_takes_the_reading(settled):
    found = settled([("5", 1), ("7", 2, {"account": "A-2"})], by_event_id=True)
    assert found == (7, {USED: 1, SUPERSEDED: 1})


def test_a_negative_revision_is_lower_than_none(settled):
    assert settled([("5", 0), ("7", -1)]) == (5, {USED: 1, SUPERSEDED: 1})


VERSIONS = st.lists(st.tuples(st.integers(0, 2).map(str), st.integers(0, 2)), min_size=1, max_size=12)


@settings(max_examples=15)  # each example is a query or two
@given(versions=VERSIONS, duplicates=st.sampled_from(list(Duplicates)), by_event_id=st.booleans())
def test_what_is_not_of_the_highest_revision_might_as_well_never_have_come(settled, versions, duplicates, by_event_id):
    highest = max(revision for _, revision in versions)
    last = [version for version in versions if version[1] == highest]
    total, ledger = settled(versions, duplicates, by_event_id=by_event_id)
    assert ledger.pop(SUPERSEDED, 0) == len(versions) - len(last)
    assert (total, ledger) == settled(last, duplicates, by_event_id=by_event_id)
