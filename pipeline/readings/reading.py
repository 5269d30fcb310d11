"""Read landed readings back into an engine."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends import BaseBackend
from ibis.backends.duckdb import Backend
from ibis.common.exceptions import IbisError

from pipeline.engine import read_parquet
from pipeline.store.manifest import LandedFile
from transforms.catalog.meter import Filter
from transforms.catalog.source import Source, attribute_column
from transforms.errors import MeterbridgeError
from transforms.period import DAY_US
from transforms.quantities import settle

SPAN_ROWS = 1_000_000


class NarrowedError(MeterbridgeError):
    """A source declares fewer digits than its landed readings have: a digit would be lost."""


class LacksAttributeError(MeterbridgeError):
    """Readings landed before their source declared an attribute; the message says what to do."""


@contextmanager
def attributes_asked(source: Source, files: Sequence[LandedFile], home: Path) -> Iterator[None]:
    """Name the files that landed without an attribute, where an engine cannot do without; its words help nobody.

    LacksAttributeError then. What asks for no such attribute reads these files as before.
    """
    try:
        yield
    except (duckdb.Error, IbisError):
        paths = {each.file_id: home / "readings" / each.path for each in files}
        for name in source.columns.attributes:
            if lacking := [each for each, path in paths.items() if _has_no(attribute_column(name), path)]:
                raise _lacks(source, name, lacking) from None
        raise


def _has_no(column: str, path: Path) -> bool:
    return path.exists() and column not in pq.read_schema(path).names


def _lacks(source: Source, attribute: str, file_ids: Sequence[str]) -> LacksAttributeError:
    first, more = file_ids[0], f" (and {len(file_ids) - 1} more files)" if file_ids[1:] else ""
    return LacksAttributeError(
        f"source {source.source}: file {first}{more} landed before the attribute {attribute} was declared; "
        f"land it again: meterbridge replay {source.source} --file {first}"
    )


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
        return ibis.memtable([], schema=ibis.schema(_types(source) | ({"filename": "string"} if named else {})))
    by_type: defaultdict[str, list[str]] = defaultdict(list)
    for file in files:
        by_type[Path(file.path).parent.name].append(str(home / "readings" / file.path))
    tables = [_of_type(backend, source, precision, paths, named=named) for precision, paths in sorted(by_type.items())]
    return within(ibis.union(*tables) if tables[1:] else tables[0], from_us, until_us)


def within(readings: ir.Table, from_us: int | None, until_us: int) -> ir.Table:
    """Keep the readings from one instant (None: of any age) until another."""
    readings = readings.filter(readings.at_us < until_us)
    return readings if from_us is None else readings.filter(readings.at_us >= from_us)


def _of_type(backend: BaseBackend, source: Source, precision: str, paths: list[str], *, named: bool) -> ir.Table:
    """Read files whose values are of one type, and widen them to the source's present one."""
    readings = read_parquet(backend, paths, named=named)
    if precision == source.value.precision:
        return readings
    found, wanted = readings.value.type(), source.value
    if found.scale > wanted.decimals or found.precision - found.scale > wanted.digits - wanted.decimals:
        raise NarrowedError(
            f"source {source.source}: readings landed with {found.precision} digits, {found.scale} of them decimals, "
            f"do not fit into value.digits {wanted.digits} and value.decimals {wanted.decimals}; take the change back"
        )
    return readings.mutate(value=readings.value.cast(wanted.type)).select(*readings.columns)


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


def _types(source: Source) -> dict[str, str]:
    numbers = dict.fromkeys(("row", "point", "at_us", "id_high", "id_low", "revision"), "int64")
    texts = ("account", "subscription", *(attribute_column(name) for name in source.columns.attributes))
    return numbers | dict.fromkeys(texts, "string") | {"value": source.value.type}
