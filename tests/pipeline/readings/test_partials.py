"""What is kept of days gives what the readings themselves give, and only a late file's days are made again."""

import os
from dataclasses import replace
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from days_by_hand import (
    DERIVATIONS,
    EVENTS,
    HOUR_US,
    HOURS,
    READINGS,
    START_US,
    TWIN,
    by_way,
    in_period,
    of_whole_buckets,
    situation,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from readings_by_hand import source_of

from pipeline.engine import landing_engine
from pipeline.quantities import carry
from pipeline.readings import repeats
from pipeline.readings.days import days_of
from pipeline.readings.partials import kept
from transforms.catalog.meter import RANKED, WEIGHTED, Derivation, Function
from transforms.quantities.partials import kept_for
from transforms.quantities.tally import TOTALS
from transforms.readings.fate import Fate


def test_every_derivation_of_which_partials_are_kept_is_tried():
    kept_of = {*TOTALS, *WEIGHTED, *RANKED}
    assert {Function(derivation["function"]) for derivation in DERIVATIONS} == kept_of


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=str)
@settings(max_examples=3, deadline=None, phases=[Phase.generate])  # each example is dozens of queries
@given(
    files=st.lists(READINGS, min_size=1, max_size=3),
    duplicates=st.sampled_from(["keep", "exact", "reject"]),
    twin=st.sampled_from([TWIN, {}]),
)
def test_partials_give_the_records_and_the_ledger_that_the_readings_give(
    tmp_path_factory, derivation, files, duplicates, twin
):
    home = tmp_path_factory.mktemp("home")
    found = situation(home, files, derivation, duplicates)
    if not found.files:
        return
    found = of_whole_buckets(found)
    found = replace(found, scope=found.scope | twin)
    direct, by_days = by_way(found, home, carry.from_readings, carry.from_days)
    assert by_days == direct
    assert sum(line.rows for line in by_days.lines) == by_days.landed


@pytest.mark.parametrize("duplicates", ["keep", "exact", "reject"])
@pytest.mark.parametrize("declared", [{}, {"by_event_id": True}, {"by_event_id": True, "revision": True}], ids=str)
@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(files=st.lists(EVENTS, min_size=1, max_size=3))
def test_repeats_that_are_kept_give_the_records_and_the_ledger_that_the_readings_give(
    tmp_path_factory, declared, duplicates, files
):
    home = tmp_path_factory.mktemp("home")
    found = situation(home, files, {"function": "sum", "group_by": ["region"]}, duplicates, **declared)
    if found.files:
        direct, kept_ones, again = by_way(found, home, carry.from_readings, carry.from_repeats, carry.from_repeats)
        assert kept_ones == direct
        assert again == direct


def test_an_event_id_of_two_readings_is_in_conflict_though_a_period_ends_between_them(tmp_path):
    end_us = in_period("America/New_York").period.end_us
    both = [{"account": "A-York", "at_us": end_us + hour * HOUR_US, "id_low": 1} for hour in (-1, 1)]
    found = situation(tmp_path, [both], {"function": "sum"}, by_event_id=True)
    for derived in by_way(found, tmp_path, carry.from_readings, carry.from_repeats):
        assert [(line.place, line.reason, line.rows) for line in derived.lines] == [
            ("quarantined", "conflicting_duplicate", 1)
        ]


@pytest.mark.parametrize("shared_bounds", [0, 1, 16])
def test_readings_on_both_sides_of_a_bound_go_each_to_their_side_however_many_bounds_are_looked_at(
    tmp_path, monkeypatch, shared_bounds
):
    monkeypatch.setattr(carry, "SHARED_BOUNDS_MAX", shared_bounds)
    hours = {10: 1, 29: 2, 30: 4, 40: 8, HOURS + 3: 16, HOURS + 30: 32}  # New York's period ends four hours after UTC's
    rows = [{"account": "A-York", "at_us": START_US + hour * HOUR_US, "value": value} for hour, value in hours.items()]
    found = situation(tmp_path, [rows], {"function": "sum"})
    (derived,) = by_way(found, tmp_path, carry.from_readings)
    assert [Decimal(text) for text in derived.quantities["numerator"].to_pylist()] == [4 + 8 + 16]
    places = {(line.place, line.reason): line.rows for line in derived.lines}
    assert places == {("used", ""): 3, ("out_of_scope", "outside_subscription"): 2}


def test_a_clock_that_was_wrong_once_makes_no_day_of_those_between(tmp_path):
    wrong = [{"account": "A-UTC", "at_us": at_us} for at_us in (HOUR_US, START_US, START_US + 30 * HOUR_US)]
    found = situation(tmp_path, [wrong], {"function": "sum"})
    first = START_US // (24 * HOUR_US)
    assert [day.number for day in days_of(found.files, tmp_path, None, None)] == [0, first, first + 1]
    assert [day.number for day in days_of(found.files, tmp_path, START_US + 1, None)] == [first, first + 1]


@pytest.mark.parametrize("what", ["partials", "repeats"])
def test_the_same_files_give_the_same_days_and_a_late_one_its_own_again(tmp_path, what):
    noon = [{"account": "A-UTC", "at_us": START_US + hour * HOUR_US, "attribute_region": ""} for hour in (12, 36, 60)]
    late = [{"account": "A-UTC", "at_us": START_US + 37 * HOUR_US, "attribute_region": ""}]
    before = _kept(situation(tmp_path, [noon], {"function": "sum"}), tmp_path, what)
    assert _kept(situation(tmp_path, [noon], {"function": "sum"}), tmp_path, what) == before
    after = _kept(situation(tmp_path, [noon, late], {"function": "sum"}), tmp_path, what)
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]


def test_a_day_that_is_asked_for_again_is_in_use(tmp_path):
    found = situation(tmp_path, [[{"account": "A-UTC", "at_us": START_US}]], {"function": "sum"})
    (path,) = _kept(found, tmp_path, "repeats")
    os.utime(path, (0, 0))
    _kept(found, tmp_path, "repeats")
    assert path.stat().st_mtime > 0


def _kept(found, home, what):
    days = list(days_of(found.files, home, found.from_us, found.until_us))
    with landing_engine() as backend:
        if what == "repeats":
            return repeats.kept(backend, found.source, days, home)
        return kept(backend, found.source, found.meter.derive, days, home)


def test_repeats_of_a_day_are_both_that_are_alike_and_no_reading_besides(tmp_path):
    alike = {"account": "A-UTC", "at_us": START_US + 12 * HOUR_US, "value": 3}
    files = [[alike, alike | {"at_us": START_US + 13 * HOUR_US}], [alike]]
    (path,) = _kept(situation(tmp_path, files, {"function": "sum"}), tmp_path, "repeats")
    found = pq.read_table(path).to_pylist()
    assert [(row["at_us"], Fate(row["mark"])) for row in found] == [
        (alike["at_us"], Fate.USED), (alike["at_us"], Fate.SAME_CONTENT),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "interval", "kept_there"), [("sum", 300, True), ("sum", None, False), ("latest", 300, False)]
)
def test_partials_are_kept_for_totals_of_samples_at_a_declared_interval(function, interval, kept_there):
    assert kept_for(Derivation(function=function), source_of(interval_seconds=interval)) is kept_there
