"""Settle repeats: of readings that share an identity, say which one holds, before anything is added up.

An event id has one instant, so it is held against the ids of its own day (UTC) alone; without ids, readings repeat each
other when they share account, subscription, instant and attributes. Most readings repeat nothing: the few that may are
found by a narrow key first, and only they are looked at in full.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from transforms.catalog.columns import attribute_column
from transforms.catalog.meter import Filter
from transforms.catalog.source import Duplicates, Source
from transforms.period import DAY_US
from transforms.readings.fate import Fate

IDENTITY = ("id_high", "id_low")


def settles(source: Source) -> bool:
    """Tell whether a source's readings can repeat each other at all."""
    return source.duplicates is not Duplicates.KEEP or source.columns.revision is not None


def suspects(readings: ir.Table, source: Source) -> ir.Table:
    """Find the narrow keys that more than one reading bears."""
    key = _narrow_key(source)
    return readings.group_by(*key).having(readings.count() > 1).aggregate().select(*key)


def settled(readings: ir.Table, suspected: ir.Table, source: Source) -> ir.Table:
    """Add `mark`: Fate.USED, or which repeat a reading is. `suspected` is what `suspects` found among them."""
    alone = unsettled(readings.anti_join(suspected, _narrow_key(source)))
    return alone.union(repeated(readings, suspected, source))


def repeated(readings: ir.Table, suspected: ir.Table, source: Source) -> ir.Table:
    """Give the readings that may repeat each other alone, with their `mark`, as `settled` does."""
    return _marked(readings.semi_join(suspected, _narrow_key(source)), source)


def settled_by(readings: ir.Table, kept: ir.Table, source: Source) -> ir.Table:
    """Give what `settled` does, of readings some of whose days' `repeated` ones are `kept`."""
    # An instant beside the narrow key: of one event id, only the readings of a day that has several are kept.
    alone = unsettled(readings.anti_join(kept, list(dict.fromkeys((*_narrow_key(source), "at_us")))))
    return alone.union(kept.select(*alone.columns))


def unsettled(readings: ir.Table) -> ir.Table:
    """Add `mark` to readings that repeat nothing."""
    return readings.mutate(mark=ibis.literal(Fate.USED, "int8"))


def narrowed(settled: ir.Table, wanted: Filter | None) -> ir.Table:
    """Mark the readings that a filter leaves out; a repeat stays one."""
    if wanted is None:
        return settled
    out = [settled.value < wanted.minimum] if wanted.minimum is not None else []
    out += [settled.value > wanted.maximum] if wanted.maximum is not None else []
    out += [~settled[attribute_column(name)].isin(texts) for name, texts in wanted.attributes.items()]
    left_out = (settled.mark == Fate.USED) & ibis.or_(*out)
    return settled.mutate(mark=ibis.ifelse(left_out, Fate.FILTERED, settled.mark).cast("int8"))


def _narrow_key(source: Source) -> tuple[str, ...]:
    return ("point", "at_us") if source.columns.event_id is None else ("id_high",)


def _marked(repeated: ir.Table, source: Source) -> ir.Table:
    """Look at readings that share a narrow key in full."""
    dated = repeated.mutate(day=repeated.at_us // DAY_US)
    attributes = source.columns.of_attributes
    by_id = source.columns.event_id is not None
    key = [*IDENTITY, "day"] if by_id else ["point", "at_us", *attributes]
    content = list(dict.fromkeys([*key, "point", "at_us", "value", *attributes]))
    latest = dated.revision == dated.revision.max().over(group_by=key)
    repeat = _repeat(dated, source.duplicates, [*key, "revision"], [*content, "revision"], by_id=by_id)
    mark = ibis.ifelse(latest, repeat, Fate.SUPERSEDED).cast("int8")
    return dated.mutate(mark=mark).drop("day")


def _repeat(
    rows: ir.Table, duplicates: Duplicates, key: Sequence[str], content: Sequence[str], *, by_id: bool
) -> ir.IntegerValue:
    """Say in which way a reading repeats another of its revision."""
    if duplicates is Duplicates.KEEP:
        return ibis.literal(Fate.USED, "int8")
    sharing = rows.count().over(group_by=key)
    if duplicates is Duplicates.REJECT:
        return ibis.ifelse(sharing > 1, Fate.REPEATED, Fate.USED)
    copy = ibis.row_number().over(group_by=content, order_by=[*IDENTITY, "row"]) > 0
    copied = ibis.ifelse(copy, Fate.SAME_CONTENT, Fate.USED)
    if not by_id:
        return copied
    return ibis.ifelse(sharing != rows.count().over(group_by=content), Fate.CONFLICTING, copied)
