"""The derivations, one entry each: from classified readings to one exact quantity per charge.

Each takes what `transforms.derive.classify` gives, and gives the columns that `transforms.derive.quantities` names. The
engine sums, counts and compares decimals and integers; it never divides them into a quantity.
"""

from collections.abc import Callable

import ibis.expr.types as ir

from transforms.derivations import held, ranked, totals
from transforms.meter import Derivation, Function

AGGREGATIONS: dict[Function, Callable[[ir.Table, Derivation], ir.Table]] = {
    Function.SUM: totals.of_used(lambda used: used.value.sum()),
    Function.COUNT: totals.of_used(lambda used: used.count()),
    Function.UNIQUE_COUNT: totals.of_used(lambda used: used.value.nunique()),
    Function.MAXIMUM: totals.of_used(lambda used: used.value.max()),
    Function.MINIMUM: totals.of_used(lambda used: used.value.min()),
    Function.AVERAGE: totals.of_used(lambda used: used.value.sum(), per_reading=True),
    Function.LATEST: totals.latest,
    Function.TIME_WEIGHTED_AVERAGE: held.time_weighted_average,
    Function.TIME_WEIGHTED_SUM: held.time_weighted_sum,
    Function.INCREASE: held.increase,
    Function.PERCENTILE: ranked.percentile,
    Function.PEAK: ranked.peak,
}
