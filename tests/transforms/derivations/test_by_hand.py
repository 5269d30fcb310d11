"""Every derivation against a second computation, in plain Python, that shares no idea with the first."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from second_computation import END, RULES, START, WAYS, derivation_of, expected, inside, parameters_of

from transforms import custom
from transforms.catalog.meter import Function

SMALL = st.integers(-3, 3).map(Decimal)
LARGEST = Decimal("999999999999.999999")  # of 18 digits
VALUES = st.one_of(
    SMALL, st.decimals(-(10**6), 10**6, places=17), st.sampled_from([LARGEST, -LARGEST, Decimal("1e-17")])
)
NARROW = st.one_of(SMALL, st.decimals(-LARGEST, LARGEST, places=6), st.sampled_from([LARGEST, -LARGEST]))
SECONDS = st.one_of(st.integers(0, 40), st.sampled_from([START - 1, START, 13, 17, 20, END - 1, END]))
TENANTS = st.sampled_from(["", "a", "b"])
WINDOWS = st.sampled_from([(START, END), (15, END), (START, 25), (15, 25), (20, 20)])
GROUPS = st.sampled_from([(), ("tenant",)])
queries = settings(max_examples=6)  # each example is a query or two, of many charges


def charges_of(values):
    """Draw what was read of some charges, and the window of each."""
    readings = st.lists(st.tuples(SECONDS, values, TENANTS), max_size=12)
    return st.lists(st.tuples(readings, WINDOWS), min_size=6, max_size=8)


def test_every_derivation_has_a_second_computation():
    functions = {each.value for each in Function} - {Function.CUSTOM.value}
    assert set(WAYS) == functions | set(custom.RULES)
    assert set(custom.RULES) == RULES


@pytest.mark.parametrize("way", WAYS)
@queries
@given(data=st.data(), charges=charges_of(VALUES), group_by=GROUPS)
def test_a_quantity_is_what_a_second_computation_finds(many, way, data, charges, group_by):
    parameters = data.draw(parameters_of(way))
    found = many(charges, derivation_of(way, parameters, group_by))
    assert {key: figures[0] for key, figures in found.items()} == {
        (place, tenant): quantity
        for place, (readings, window) in enumerate(charges)
        for tenant, quantity in expected(way, readings, window, parameters, grouped=bool(group_by)).items()
    }
    assert all(
        readings == len(inside([each for each in charges[place][0] if tenant in {None, each[2]}], charges[place][1]))
        for (place, tenant), (_, readings, _, _) in found.items()
    )


@pytest.mark.parametrize("way", WAYS)
@queries
@given(data=st.data(), charges=charges_of(NARROW), group_by=GROUPS)
def test_neither_order_nor_files_nor_copies_nor_the_width_of_the_values_change_a_record(
    many, way, data, charges, group_by
):
    derivation = derivation_of(way, data.draw(parameters_of(way)), group_by)
    random = data.draw(st.randoms(use_true_random=False))
    again = [(_shuffled(readings, random), window) for readings, window in charges]
    shuffled = many(again, derivation, files=lambda _: random.randint(-9, 9), duplicates="exact", value=(18, 6))
    assert shuffled == many(charges, derivation, duplicates="exact")


def _shuffled(readings, random):
    """Deliver some readings twice, and all of them in another order."""
    copies = random.choices(readings, k=3) if readings else []
    return random.sample(readings + copies, len(readings) + len(copies))


@pytest.mark.parametrize("function", ["sum", "increase", "time_weighted_sum", "latest"])
@queries
@given(
    readings=st.lists(st.tuples(SECONDS, VALUES, TENANTS), max_size=30), low=st.integers(-3, 0), high=st.integers(0, 3)
)
def test_a_filter_is_the_same_as_readings_that_were_never_there_but_for_the_ledger(
    derived, places, function, readings, low, high
):
    bounds = {"minimum": str(low), "maximum": str(high), "attributes": {"tenant": ["a", ""]}}
    kept = [reading for reading in readings if low <= reading[1] <= high and reading[2] != "b"]
    filtered = {"function": function, "filter": bounds}
    assert derived(readings, filtered) == derived(kept, {"function": function})
    found = places(readings, filtered)
    assert found.get(("used", ""), 0) == len(inside(kept, (START, END)))
    assert sum(found.values()) == len(inside(readings, (START, END)))
