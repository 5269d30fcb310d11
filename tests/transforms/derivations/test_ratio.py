"""Ratios sort in the engine as fractions do."""

from decimal import Decimal
from fractions import Fraction

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.derivations.ratio import with_ratio_order

LARGEST = 10**9 - 1


@pytest.fixture(scope="module")
def ranked(backend):
    """Give to every ratio how many are below it."""

    def run(ratios, decimals=18):
        columns = {
            "row": pa.array(range(len(ratios)), pa.int64()),
            "numerator": pa.array([Decimal(each) for each, _ in ratios], pa.decimal128(38, decimals)),
            "denominator": pa.array([each for _, each in ratios], pa.int64()),
        }
        table = with_ratio_order(ibis.memtable(pa.table(columns)))
        below = ibis.rank().over(order_by=["ratio_whole", "ratio_rest"])
        return backend.to_pyarrow(table.mutate(below=below).order_by("row"))["below"].to_pylist()

    return run


def by_fractions(ratios):
    fractions = [Fraction(numerator) / denominator for numerator, denominator in ratios]
    return [sum(other < each for other in fractions) for each in fractions]


NUMERATORS = st.one_of(
    st.integers(-3, 3).map(Decimal),
    st.decimals(-(10**19), 10**19, places=18),
    st.sampled_from(["99999999999999999999.999999999999999999", "-99999999999999999999.999999999999999999"]),
)
DENOMINATORS = st.one_of(st.integers(1, 4), st.integers(1, LARGEST), st.sampled_from([LARGEST, LARGEST - 1]))


@settings(max_examples=20)
@given(st.lists(st.tuples(NUMERATORS, DENOMINATORS), max_size=40))
def test_ratios_sort_like_the_fractions_that_they_are(ranked, ratios):
    assert ranked(ratios) == by_fractions(ratios)


def test_neighbours_that_a_float_cannot_tell_apart_are_told_apart(ranked):
    close = [(LARGEST - 1, LARGEST), (LARGEST - 2, LARGEST - 1), ("0.999999998999999998", 1)]
    assert ranked(close) == by_fractions(close)
    assert len(set(ranked([(10**18, 1), (10**18 + 1, 1), (Decimal(3 * 10**18 + 1), 3)]))) == 3
    assert ranked([(1, 3), (2, 6), (-1, 3), (-2, 6), (0, 5)], decimals=0) == [3, 3, 0, 0, 2]
    assert ranked(close[:2], decimals=0) == [1, 0]
