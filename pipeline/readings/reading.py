"""Read landed readings back into an engine."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends import BaseBackend
from ibis.backends.duckdb import Backend

from pipeline.engine import read_parquet
from pipeline.store.manifest import LandedFile
from transforms.catalog.columns import attribute_column
from transforms.catalog.meter import Derivation, Filter
from transforms.catalog.source import Source
from transforms.errors import MeterbridgeError
from transforms.period import DAY_US
from transforms.quantities import settle
from transforms.readings.landed import completed, reading_types

SPAN_ROWS = 1_000_000


class NarrowedError(MeterbridgeError):
    """A source declares fewer digits than its landed readings have: a digit would be lost."""


class LacksAttributeError(MeterbridgeError):
    """Readings landed before their source declared an attribute that matters; the message says what to do."""


def require_attributes(source: Source, derivation: Derivation, files: Sequence[LandedFile], home: Path) -> None:
    """Refuse files that landed before an attribute was declared that is asked for, or that tells repeats apart."""
    all_matter = settle.settles(source) or derivation.rule is not None
    matter = set(source.columns.attributes) if all_matter else derivation.attributes
    for same in _by_folder(files).values() if matter else ():
        there = pq.read_schema(home / "readings" / same[0].path).names
        if lacking := sorted(name for name in matter if attribute_column(name) not in there):
            raise _lacks(source, lacking[0], same)


def _lacks(source: Source, attribute: str, files: Sequence[LandedFile]) -> LacksAttributeError:
    first, more = files[0].file_id, f" (and {len(files) - 1} more)" if files[1:] else ""
    return LacksAttributeError(
        f"source {source.source}: file {first}{more} landed before the attribute {attribute} was declared; "
        f"land it again: meterbridge replay {source.source} --file {first}"
    )


def _by_folder(files: Sequence[LandedFile]) -> dict[Path, list[LandedFile]]:
    """Take files together that have the same columns, for those lie in one folder."""
    found: defaultdict[Path, list[LandedFile]] = defaultdict(list)
    for file in files:
        found[Path(file.path).parent].append(file)
    return dict(sorted(found.items()))


def readings_of(
    backend: BaseBackend,
    source: Source,
    files: Sequence[LandedFile],
    home: Path,
    from_us: int | None,
    until_us: int,
    *,
    named: bool = False,
) -> ir.Table:
    """Give the readings of landed files from one instant (None: of any age) until another, if there are any.

    If `named`, each bears the path that it was read from as `filename`; only DuckDB tells.
    """
    if not files:
        return ibis.memtable([], schema=ibis.schema(reading_types(source) | ({"filename": "string"} if named else {})))
    paths = ([str(home / "readings" / file.path) for file in same] for same in _by_folder(files).values())
    tables = [_of_schema(backend, source, same, named=named) for same in paths]
    return within(ibis.union(*tables) if tables[1:] else tables[0], from_us, until_us)


def within(readings: ir.Table, from_us: int | None, until_us: int) -> ir.Table:
    """Keep the readings from one instant (None: of any age) until another."""
    readings = readings.filter(readings.at_us < until_us)
    return readings if from_us is None else readings.filter(readings.at_us >= from_us)


def _of_schema(backend: BaseBackend, source: Source, paths: list[str], *, named: bool) -> ir.Table:
    """Read files of one schema, and make the source's present one of it."""
    readings = completed(read_parquet(backend, paths, named=named), source, *(["filename"] if named else []))
    return readings.mutate(value=_widened(readings.value, source))


def _widened(value: ir.DecimalValue, source: Source) -> ir.DecimalValue:
    found, wanted = value.type(), source.value
    if found.scale > wanted.decimals or found.precision - found.scale > wanted.digits - wanted.decimals:
        raise NarrowedError(
            f"source {source.source}: readings landed with {found.precision} digits, {found.scale} of them decimals, "
            f"do not fit into value.digits {wanted.digits} and value.decimals {wanted.decimals}; take the change back"
        )
    return value.cast(wanted.type)


def marked(backend: BaseBackend, readings: ir.Table, source: Source, wanted: Filter | None) -> ir.Table:
    """Mark the repeats among readings of whole days (of UTC), and then those that a filter leaves out."""
    return settle.narrowed(_settled(backend, readings, source), wanted)


def _settled(backend: BaseBackend, readings: ir.Table, source: Source) -> ir.Table:
    """Settle the repeats among readings; those that may repeat each other are found once and kept in memory."""
    if not settle.settles(source):
        return settle.unsettled(readings)
    # Span by span: their keys fit into the processor's cache, and into little memory however long the period is.
    spans = _spans(backend, readings) if isinstance(backend, Backend) else [readings]
    suspects = pa.concat_tables(backend.to_pyarrow(settle.suspects(span, source)) for span in spans)
    return settle.settled(readings, ibis.memtable(suspects), source)


def _spans(backend: BaseBackend, readings: ir.Table) -> list[ir.Table]:
    """Cut readings into spans of whole days, which hold all that can repeat each other; each of some SPAN_ROWS."""
    at = readings.at_us
    size = backend.to_pyarrow(readings.aggregate(rows=readings.count(), first=at.min(), last=at.max())).to_pylist()[0]
    if size["rows"] <= SPAN_ROWS:
        return [readings]
    days = range(size["first"] // DAY_US, size["last"] // DAY_US + 1)
    step = max(1, len(days) * SPAN_ROWS // size["rows"])
    return [readings.filter(at >= day * DAY_US, at < (day + step) * DAY_US) for day in days[::step]]
