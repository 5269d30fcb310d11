"""The derivations that need the readings themselves, one entry each: to one exact quantity per record.

Each takes what `transforms.quantities.place.placed` gives, and gives the columns that
`transforms.quantities.derive.quantities` names. The engine sums, counts and compares decimals and integers; it never
divides them into a quantity.
"""

from collections.abc import Callable

import ibis.expr.types as ir

from transforms.catalog.meter import Derivation, Function
from transforms.derivations import held, ranked, totals

AGGREGATIONS: dict[Function, Callable[[ir.Table, Derivation], ir.Table]] = {
    Function.UNIQUE_COUNT: totals.unique_count,
    Function.LATEST: totals.latest,
    Function.TIME_WEIGHTED_AVERAGE: held.time_weighted_average,
    Function.TIME_WEIGHTED_SUM: held.time_weighted_sum,
    Function.INCREASE: held.increase,
    Function.PERCENTILE: ranked.percentile,
    Function.PEAK: ranked.peak,
}
