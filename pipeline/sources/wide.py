"""Wide files: what stands in a row for a day, or for many meters, spread over one row for each value."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources.batches import CELLS_MAX, schema
from transforms.catalog.columns import attribute_column
from transforms.catalog.source import Source
from transforms.catalog.wide import Wide, numbers_of_a_line


def as_it_stands(source: Source) -> Source:
    """Give a source as its files are written: the columns of values are attributes, named by their places from 1 on."""
    if source.wide is None:
        return source
    cells = {str(place): name for place, name in enumerate(source.wide_columns(), start=1)}
    columns = {"value": None, "attributes": source.columns.attributes | cells}
    return source.model_copy(update={"columns": source.columns.model_copy(update=columns), "wide": None})


def spread(batches: Iterable[pa.RecordBatch], source: Source) -> Iterator[pa.RecordBatch]:
    """Give the rows of a source for those of its files as they stand; a blank cell is no row."""
    if source.wide is None:
        yield from batches
        return
    lines = max(1, CELLS_MAX // len(source.wide_columns()))
    for batch in batches:
        for start in range(0, batch.num_rows, lines):
            yield _spread(batch.slice(start, lines), source)


def _spread(lines: pa.RecordBatch, source: Source) -> pa.RecordBatch:
    """Make a row of every cell that is filled, numbered by its line and its place in it; a defect has place 0."""
    texts = ["", *source.wide_columns().values()]
    names = ["defect", *(attribute_column(str(place)) for place in range(1, len(texts)))]
    cells: pa.Array[Any] = pa.concat_arrays([lines.column(name) for name in names]).fill_null("")
    filled = np.flatnonzero(pc.not_equal(pc.utf8_trim_whitespace(cells), pa.scalar("")))
    places, rows = np.divmod(filled, lines.num_rows)
    wanted = schema(source)
    found = {name: lines.column(name).take(rows) for name in wanted.names if name in lines.schema.names}
    found["row"] = pa.array(found["row"].to_numpy() * numbers_of_a_line(len(texts) - 1) + places)
    found["value"] = pc.if_else(pa.array(places > 0), cells.take(filled), pa.scalar(""))
    if source.wide is Wide.TIME:
        found["at_time"] = pa.array(texts).take(places)
    if source.wide is Wide.ACCOUNT:
        found["account"] = pa.array(texts).take(places)
    return pa.record_batch([found[name] for name in wanted.names], schema=wanted)
