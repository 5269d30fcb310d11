"""What a landed file is named by: its rows' content, added up row by row, so that their order does not matter.

Text comes in as MD5 (`transforms.readings.hashed`), numbers as they are. The words of a row are mixed one after the
other, by multiplying and folding in 64 bits that wrap around; twice, with a factor of its own each time, for 128 bits.
"""

from collections.abc import Iterable, Iterator

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.catalog.source import Source
from transforms.readings.hashed import halves
from transforms.readings.readings import SEPARATOR

Words = npt.NDArray[np.uint64]
FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)  # odd, so that no two words become one
FOLD = np.uint64(32)
WIDE = 38  # digits of a decimal of two words


def of_readings(readings: ir.Table, source: Source) -> ir.Table:
    """Give what of readings makes their file's content, in int64 and decimal columns.

    `row`, and the identity of readings without an event id, are left out on purpose.
    """
    names = ["point", "at_us", "value", *(["id_high", "id_low"] if source.columns.event_id else [])]
    names += ["revision"] if source.columns.revision else []
    attributes = [readings[name] for name in source.columns.of_attributes]
    joined = _hashed(ibis.literal(SEPARATOR).join(attributes)) if attributes else {}
    return readings.select(*names, **joined)


def of_rejected(rejected: ir.Table) -> ir.Table:
    """Give the same of rows that are no readings: why, and what stood in the file."""
    return rejected.select(**_hashed(rejected.reason + (ibis.literal(SEPARATOR) + rejected.raw)))


def _hashed(text: ir.StringValue) -> dict[str, ir.IntegerValue]:
    return dict(zip(("text_high", "text_low"), halves(text), strict=True))


def added_up(batches: Iterable[pa.RecordBatch]) -> tuple[int, int]:
    """Add up the hashes of the rows of int64 and decimal columns: two numbers of 64 bits, 0 where there is no row."""
    sums = [0, 0]
    for batch in filter(len, batches):
        words = [word for column in batch.columns for word in _words(column)]
        for which, factor in enumerate(FACTORS):
            sums[which] += int(_mixed(words, np.uint64(factor)).sum())
    return sums[0] % 2**64, sums[1] % 2**64


def _words(column: "pa.Array[pa.Scalar[pa.DataType]]") -> Iterator[Words]:
    """Give an int64 column as one array of words, a decimal one as two."""
    if not pa.types.is_decimal(column.type):
        yield column.to_numpy().view(np.uint64)
        return
    wide = column.cast(pa.decimal128(WIDE, column.type.scale))
    words = np.frombuffer(wide.buffers()[1], np.uint64)  # type: ignore[call-overload]  # a Buffer is one, stubs or not
    words = words[2 * wide.offset :][: 2 * len(wide)]
    yield words[0::2]
    yield words[1::2]


def _mixed(words: list[Words], factor: np.uint64) -> Words:
    mixed = np.zeros(len(words[0]), np.uint64)
    for word in [*words, np.zeros(1, np.uint64)]:
        mixed ^= word  # in place: an array for every step would take a fifth longer
        mixed *= factor
        mixed ^= mixed >> FOLD
    return mixed
