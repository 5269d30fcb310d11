"""Every derivation against a second computation, in plain Python, that shares no idea with the first."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.meter import Function

START, END = 10, 30


def inside(readings, window):
    return [(at, Fraction(value)) for at, value in readings if window[0] <= at < window[1]]


def unique_count(readings, window, **_):
    return len({value for _, value in inside(readings, window)})


def latest(readings, window, **_):
    return max(inside(readings, window))[1]


def time_weighted_sum(readings, window, per="hour", gap_seconds_max=None):
    """Look at every second of the window which reading holds then: the last one, unless it is too old."""
    total = Fraction(0)
    for second in range(*window):
        at, value = max(((at, value) for at, value in readings if at <= second), default=(None, 0))
        if at is not None and (gap_seconds_max is None or second < at + gap_seconds_max):
            total += Fraction(value)
    return total / {"second": 1, "hour": 3600, "day": 86400}[per]


def increase(readings, window, **_):
    """Keep an odometer that never falls, and read it at both ends of the window."""
    odometer, counter, at_start = Fraction(0), None, None
    for at, value in sorted((at, Fraction(value)) for at, value in readings if at < window[1]):
        if at >= window[0] and at_start is None:
            at_start = odometer
        if counter is not None:
            odometer += value - (0 if value < counter else counter)
        counter = value
    return odometer - at_start


def buckets(readings, window, seconds, function):
    """Walk through the period bucket by bucket; one without a reading is none."""
    ways = {"sum": sum, "count": len, "maximum": max, "average": lambda values: sum(values) / len(values)}
    spans = [(start, start + seconds) for start in range(START, END, seconds)]
    filled = [[value for at, value in inside(readings, window) if low <= at < high] for low, high in spans]
    return [Fraction(ways[function](values)) for values in filled if values]


def percentile(readings, window, percentile, bucket_seconds=None, bucket_function=None):
    """Find the smallest sample that at least so many per cent of the samples do not exceed."""
    samples = [value for _, value in inside(readings, window)]
    if bucket_seconds:
        samples = buckets(readings, window, bucket_seconds, bucket_function)
    enough = Fraction(percentile) * len(samples) / 100
    return min(sample for sample in samples if sum(other <= sample for other in samples) >= enough)


def peak(readings, window, bucket_seconds, bucket_function):
    return max(buckets(readings, window, bucket_seconds, bucket_function))


BUCKETED = {"bucket_seconds": st.sampled_from([1, 3, 7, 20]), "bucket_function": st.sampled_from(
    ["average", "sum", "count", "maximum"])}  # fmt: skip
GAPS = st.sampled_from([None, 1, 3, 10])
PERCENTILES = st.sampled_from(["0.000001", "1", "33.333333", "50", "95", "99.9", "100"])
WAYS = {
    unique_count: st.just({}),
    latest: st.just({}),
    time_weighted_sum: st.fixed_dictionaries(
        {"per": st.sampled_from(["second", "hour", "day"]), "gap_seconds_max": GAPS}
    ),
    increase: st.just({}),
    percentile: st.one_of(
        st.fixed_dictionaries({"percentile": PERCENTILES}),
        st.fixed_dictionaries({"percentile": PERCENTILES} | BUCKETED),
    ),
    peak: st.fixed_dictionaries(BUCKETED),
}
PLAIN = {"sum", "count", "maximum", "minimum", "average", "time_weighted_average"}  # held in tests of `derive`
VALUES = st.one_of(st.integers(-3, 3).map(Decimal), st.decimals(-(10**6), 10**6, places=17))
SECONDS = st.one_of(st.integers(0, 40), st.sampled_from([START - 1, START, 13, 17, 20, END - 1, END]))
READINGS = st.lists(st.tuples(SECONDS, VALUES), max_size=30)
WINDOWS = st.sampled_from([(START, END), (15, END), (START, 25), (15, 25), (20, 20)])
queries = settings(max_examples=20, deadline=None)  # each example is a query or more


def test_every_derivation_has_a_second_computation():
    assert {way.__name__ for way in WAYS} | PLAIN == {each.value for each in Function}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@queries
@given(data=st.data(), readings=READINGS, window=WINDOWS)
def test_a_quantity_is_what_a_second_computation_finds(derived, way, data, readings, window):
    parameters = data.draw(WAYS[way])
    counted = inside(readings, window)
    if way is time_weighted_sum and not counted:
        return  # what is carried in alone has a test by hand
    expected = way(readings, window, **parameters) if counted else None
    assert derived(readings, {"function": way.__name__} | parameters, window=window) == expected


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@queries
@given(data=st.data(), readings=st.lists(st.tuples(SECONDS, VALUES), min_size=1, max_size=20))
def test_neither_order_nor_files_nor_copies_change_a_record(record, way, data, readings):
    derivation = {"function": way.__name__} | data.draw(WAYS[way])
    copies = data.draw(st.lists(st.sampled_from(readings), max_size=5))
    shuffled = data.draw(st.permutations(readings + copies))
    files = data.draw(st.lists(st.integers(-9, 9), min_size=len(shuffled), max_size=len(shuffled)))
    again = record(shuffled, derivation, files=files, duplicates="exact")
    assert again == record(readings, derivation, duplicates="exact")


@pytest.mark.parametrize("function", ["sum", "increase", "time_weighted_sum", "latest"])
@queries
@given(readings=READINGS, low=st.integers(-3, 0), high=st.integers(0, 3))
def test_a_filter_is_the_same_as_readings_that_were_never_there_but_for_the_ledger(
    derived, places, function, readings, low, high
):
    filtered = {"function": function, "filter": {"minimum": str(low), "maximum": str(high)}}
    kept = [(at, value) for at, value in readings if low <= value <= high]
    assert derived(readings, filtered) == derived(kept, {"function": function})
    found = places(readings, filtered)
    assert found.get(("used", None), 0) == len(inside(kept, (START, END)))
    assert sum(found.values()) == len(inside(readings, (START, END)))
