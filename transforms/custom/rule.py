"""What makes a function a rule, and how rules are run."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from transforms.catalog.meter import Derivation
from transforms.derivations.record import key_of, per_record, used, wide

Expression = Callable[[ir.Table], ir.Value]
Frame = Callable[[pd.DataFrame], Decimal | Fraction | int]
EXPRESSIONS: dict[str, Expression] = {}
FRAMES: dict[str, Frame] = {}
RESULT = ("numerator", "remainder", "denominator", "readings", "first_at_us", "last_at_us")


def expression(rule: Expression) -> Expression:
    """Make a rule of a function from readings (at_us, value, attributes) to an aggregate of them; it never divides."""
    EXPRESSIONS[rule.__name__] = rule
    return rule


def frame(rule: Frame) -> Frame:
    """Make a rule of a function from readings in order to an exact number; `at` is UTC, `value` is Decimal."""
    FRAMES[rule.__name__] = rule
    return rule


def by_expression(placed: ir.Table, derivation: Derivation) -> ir.Table:
    """Run an expression rule, in the engine."""
    readings = used(placed)
    readings = readings.mutate(value=wide(readings.value))
    return per_record(readings, derivation, EXPRESSIONS[derivation.rule or ""](readings))


def by_frame(readings: pa.Table, derivation: Derivation) -> pa.Table:
    """Run a frame rule on the used readings, record by record; gives what `quantities.derive.quantities` names."""
    key = list(key_of(derivation))
    table = readings.sort_by([(name, "ascending") for name in (*key, "at_us", "value")])
    found = table.to_pandas()
    found["at"] = pd.to_datetime(found["at_us"], unit="us", utc=True)
    groups = found.groupby(key, sort=True)
    rows = [(*place, *_figures(group, FRAMES[derivation.rule or ""])) for place, group in groups]
    columns = zip(*rows, strict=True) if rows else [[] for _ in (*key, *RESULT)]
    texts = {*key[1:], "numerator", "remainder"}
    return pa.table(
        {
            name: pa.array(list(column), pa.string() if name in texts else pa.int64())
            for name, column in zip((*key, *RESULT), columns, strict=True)
        }
    )


def _figures(group: pd.DataFrame, rule: Frame) -> tuple[str, str, int, int, int, int]:
    exact = Fraction(rule(group))
    at = group["at_us"]
    return str(exact.numerator), "0", exact.denominator, len(group), int(at.min()), int(at.max())
