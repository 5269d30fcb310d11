"""What a step leaves for the next: an immutable Parquet file with what it is about, named by its own bytes."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.durable import aside, publish, sha256
from transforms.errors import MeterbridgeError

ABOUT = b"meterbridge"
SHOWN_DIGITS = 16


class DamagedArtefactError(MeterbridgeError):
    """A file between two steps is missing or no longer what was written; run the step before again."""


def write(folder: Path, name: str, table: pa.Table, about: dict[str, Any]) -> Path:
    """Write a table and what it is about (JSON) to `<folder>/<name>-<hash>.parquet`; same content, same path."""
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    with aside(folder) as written:
        pq.write_table(table.replace_schema_metadata({ABOUT: text.encode()}), written)
        final = folder / f"{name}-{sha256(written)[:SHOWN_DIGITS]}.parquet"
        publish(written, final)
    return final


def read(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Read an artefact back; DamagedArtefactError when its bytes are not those that its name was made of."""
    if not path.is_file():
        raise DamagedArtefactError(f"{path} is missing: run the step that writes it again")
    if not path.stem.endswith(sha256(path)[:SHOWN_DIGITS]):
        raise DamagedArtefactError(f"{path} is not what was written there: run the step that writes it again")
    table = pq.read_table(path)
    about: dict[str, Any] = json.loads(table.schema.metadata[ABOUT])
    return table.replace_schema_metadata(), about
