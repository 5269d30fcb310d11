"""What is kept of days gives what the readings themselves give, and only a late file's days are made again."""

import os
from dataclasses import replace
from decimal import Decimal

import ibis
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from readings_by_hand import landed, source_of, target

from pipeline.engine import landing_engine
from pipeline.quantities import carry, derive
from pipeline.quantities.situation import Situation
from pipeline.readings import repeats
from pipeline.readings.days import days_of
from pipeline.readings.partials import kept
from pipeline.store.manifest import LandedFile
from transforms.catalog.meter import RANKED, WEIGHTED, Derivation, Function, Meter
from transforms.period import Period, instant, micros
from transforms.quantities.partials import aligned, kept_for
from transforms.quantities.place import targets_of
from transforms.quantities.tally import TOTALS
from transforms.readings.fate import Fate

HOUR_US = 3_600_000_000
DAYS = Period.parse("2025-03-07--2025-03-11")  # four, with a clock change in New York
START_US = micros(DAYS.window("UTC").start)
HOURS = 4 * 24
ATTRIBUTES = ("region",)


def in_period(zone, first_hour=None):
    """A target whose period is cut on a clock, and whose charge may begin some hours into it."""
    window = DAYS.window(zone)
    covered = (window.start_us if first_hour is None else START_US + first_hour * HOUR_US, window.end_us)
    return target(f"A-{zone}", f"C-{zone}", (window.start_us, window.end_us), covered, time_zone=zone)


def followed(zone, until_hour, since_hour, refusal=""):
    """A charge that ended some hours into the period, and another in its place, which may be refused."""
    window = DAYS.window(zone)
    hours = [START_US + hour * HOUR_US for hour in (until_hour, since_hour)]
    bounds, parts = (window.start_us, window.end_us), ((window.start_us, hours[0]), (hours[1], window.end_us))
    first = target(f"A-next-{zone}", f"C-first-{zone}", bounds, parts[0], time_zone=zone)
    covered = (0, 0) if refusal else parts[1]
    then = target(f"A-next-{zone}", "" if refusal else f"C-then-{zone}", bounds, covered, refusal, zone)
    return replace(first, successor=(instant(hours[1]), then))


SCOPE = {
    ("A-next-UTC", ""): followed("UTC", 30, 41),
    ("A-next-Asia/Tokyo", ""): followed("Asia/Tokyo", 20, 20, "charge_not_active"),
    ("A-UTC", ""): in_period("UTC"),
    ("A-Kolkata", ""): in_period("Asia/Kolkata"),
    ("A-York", ""): in_period("America/New_York", first_hour=30),
    ("A-Shanghai", ""): in_period("Asia/Shanghai", first_hour=20),
    ("A-none", ""): target("A-none", "", (START_US, START_US + HOURS * HOUR_US), (0, 0), "no_charge"),
}
TWIN = {("A-9", ""): in_period("UTC")}  # another name of one target
READINGS = st.lists(
    st.fixed_dictionaries(
        {
            "account": st.sampled_from([*(account for account, _ in SCOPE), "A-9"]),
            "at_us": st.integers(-30, HOURS + 30).map(lambda hour: START_US + hour * HOUR_US),
            "value": st.sampled_from(["-2", "0.5", "3", "7"]).map(Decimal),
            "attribute_region": st.sampled_from(["", "eu"]),
        }
    ),
    max_size=40,
)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "account": st.sampled_from(["A-UTC", "A-York", "A-none", "A-9"]),
            "at_us": st.integers(-1, 9).map(lambda half_days: START_US + half_days * 11 * HOUR_US),
            "value": st.sampled_from(["2", "3"]).map(Decimal),
            "id_high": st.integers(1, 2),
            "id_low": st.integers(1, 3),
            "revision": st.integers(0, 1),
            "attribute_region": st.sampled_from(["", "eu"]),
        }
    ),
    max_size=12,
)
DERIVATIONS = [
    {"function": "sum"},
    {"function": "average", "group_by": ["region"]},
    {"function": "maximum", "filter": {"minimum": "0", "attributes": {"region": ["eu"]}}},
    {"function": "minimum"},
    {"function": "count"},
    {"function": "time_weighted_average"},
    {"function": "time_weighted_sum", "gap_seconds_max": 20_000, "group_by": ["region"]},
    {"function": "percentile", "percentile": "60", "bucket_seconds": 7200, "bucket_function": "average"},
    {"function": "peak", "bucket_seconds": 14_400, "bucket_function": "sum", "group_by": ["region"]},
    {"function": "peak", "bucket_seconds": 7200, "bucket_function": "count"},
    {"function": "peak", "bucket_seconds": 7200, "bucket_function": "maximum"},
]


def situation(home, files, derivation, duplicates="exact", **declared):
    source = source_of(duplicates, attributes=ATTRIBUTES, **({"interval_seconds": 3600} | declared))
    groups = {"group_by": derivation.get("group_by", [])}
    fields = {f"{name.upper()}__c": f"{{{name}}}" for name in groups["group_by"]}
    meter = Meter.model_validate(
        {"meter": "energy", "owner": "x", "source": "power", "derive": derivation,
         "map": {"charge": "energy", "unit": "kwh", "custom_fields": fields}}
    )  # fmt: skip
    landed_files = [_land(home, number, rows) for number, rows in enumerate(files) if rows]
    default = DAYS.window("Europe/Berlin")
    bounds = [each.period for each in SCOPE.values()] + [default]
    first_us = None if meter.derive.function in WEIGHTED else min(each.start_us for each in bounds)
    span = (first_us, max(each.end_us for each in bounds))
    return Situation(meter, source, DAYS, SCOPE, targets_of(SCOPE), default, *span, landed_files)


def _land(home, number, rows):
    path = home / "readings" / f"{number}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    numbered = [{"id_high": number} | row for row in rows]
    pq.write_table(ibis.duckdb.connect().to_pyarrow(landed(numbered, ATTRIBUTES).order_by("at_us", "row")), path)
    instants = [row["at_us"] for row in rows]
    return LandedFile("power", f"file-{number}", len(rows), len(rows), 0, min(instants), max(instants), path.name)


def of_whole_buckets(found):
    """The situation without the names whose midnight lies within a bucket of UTC, of which no partials are kept."""
    derivation = found.meter.derive
    scope = {name: target for name, target in found.scope.items() if aligned(derivation, [target.period])}
    assert derivation.function in RANKED or scope == SCOPE
    whole = replace(found, scope=scope, targets=targets_of(scope))
    assert carry.can_use_days(whole)
    return whole


def by_way(found, home, *ways):
    names = derive.scoped(found)
    with landing_engine() as backend:
        return [derive.finished(way(backend, found, names, home), found) for way in ways]


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
