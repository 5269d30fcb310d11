"""What a step leaves for the next: an immutable Parquet file with what it is about, named by its own bytes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.durable import aside, publish, sha256
from transforms.errors import MeterbridgeError

ABOUT = b"meterbridge"
SHOWN_DIGITS = 16
BATCH_ROWS = 50_000  # that are read at once, and lie together in the file


class DamagedArtefactError(MeterbridgeError):
    """A file between two steps is missing or no longer what was written; run the step before again."""


def write(folder: Path, name: str, table: pa.Table, about: dict[str, Any]) -> Path:
    """Write a table and what it is about (JSON) to `<folder>/<name>-<hash>.parquet`; same content, same path."""
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    with aside(folder) as written:
        pq.write_table(table.replace_schema_metadata({ABOUT: text.encode()}), written, row_group_size=BATCH_ROWS)
        final = folder / f"{name}-{sha256(written)[:SHOWN_DIGITS]}.parquet"
        publish(written, final)
    return final


def read(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Read an artefact back; DamagedArtefactError when its bytes are not those that its name was made of."""
    about = read_about(path)
    return pq.read_table(path).replace_schema_metadata(), about


def read_about(path: Path) -> dict[str, Any]:
    """Read what an artefact is about; DamagedArtefactError when its bytes are not those that its name was made of."""
    if not path.is_file():
        raise DamagedArtefactError(f"{path} is missing: run the step that writes it again")
    if not path.stem.endswith(sha256(path)[:SHOWN_DIGITS]):
        raise DamagedArtefactError(f"{path} is not what was written there: run the step that writes it again")
    about: dict[str, Any] = json.loads(pq.read_schema(path).metadata[ABOUT])
    return about


def batches(path: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Read an artefact's rows, or these columns of them, in batches; `read_about` tells whether the file is whole."""
    with pq.ParquetFile(path, pre_buffer=False) as file:
        yield from file.iter_batches(BATCH_ROWS, columns=columns)
