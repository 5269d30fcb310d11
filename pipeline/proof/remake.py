"""Remake: usage made again from the landed files, or the uploaded file, that it was once made of; nothing is kept."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.engine import engine
from pipeline.quantities.carry import from_readings
from pipeline.quantities.derive import finished, scoped
from pipeline.quantities.situation import Situation, situation_of
from pipeline.store import imports
from pipeline.uploads import entry
from pipeline.uploads.rows import read_rows
from pipeline.uploads.submit import FOLDER
from pipeline.usage.map import quantities_of, usage_of
from transforms.catalog.meter import Meter
from transforms.errors import MeterbridgeError
from transforms.identity import record_key
from transforms.period import Period
from transforms.upload.dates import Locale
from transforms.upload.match import Matcher
from transforms.upload.rows import Row, record_keys
from transforms.usage.usage import Quantity, UsageRecord


class FilesGoneError(MeterbridgeError):
    """Usage cannot be made again: what it was made of is not there; the message names it."""


Sent = tuple[Row, UsageRecord | None]
"""A row of an uploaded file, and the record that it means."""


@dataclass(frozen=True)
class Remade:
    """A quantity that was derived again, and the record that it comes to."""

    quantity: Quantity
    record: UsageRecord


def situation_then(
    store: sa.Engine, catalog: Catalog, meter: Meter, period: Period, files: Collection[str]
) -> Situation:
    """Give a meter's period as if these landed files were all there is; FilesGoneError when one of them is not."""
    situation = situation_of(store, catalog, meter, period, replaced=files).only(files)
    if gone := sorted(set(files) - {file.file_id for file in situation.files}):
        raise FilesGoneError(f"meter {meter.meter}, period {period}: landed file {gone[0]} is no longer in the store")
    return situation


@contextmanager
def whole(situation: Situation) -> Iterator[None]:
    """Say plainly that a landed file cannot be read, where the engine only says which byte: FilesGoneError."""
    try:
        yield
    except duckdb.Error as error:
        raise FilesGoneError(
            f"meter {situation.meter.meter}, period {situation.period}: a landed file cannot be read; restore it from "
            f"a backup ({error})"
        ) from error


def remake(store: sa.Engine, catalog: Catalog, situation: Situation, home: Path) -> dict[str, Remade]:
    """Make a meter's usage of a period again, by record key: from the readings alone, never from kept partials."""
    meter, period = situation.meter, situation.period
    with whole(situation), engine() as backend:
        carried = from_readings(backend, situation, scoped(situation), home)
    quantities = quantities_of(finished(carried, situation).quantities, meter)
    records = {each.record_key: each for each in usage_of(store, catalog, meter, period, quantities)}
    keys = (record_key(each.charge_number, each.start_us, each.attributes) for each in quantities)
    return {key: Remade(each, records[key]) for key, each in zip(keys, quantities, strict=True)}


def remake_upload(
    store: sa.Engine, catalog: Catalog, import_id: str, home: Path, *, only: Collection[str] | None = None
) -> dict[str, Sent]:
    """Read an uploaded file again: each row and the record that it means now, if any, by record key, or `only` these.

    FilesGoneError when the file is not there.
    """
    with store.begin() as connection:
        if (taken := imports.find(connection, import_id)) is None:
            raise FilesGoneError(f"there is no import {import_id}")
        path = home / FOLDER / taken["original_path"]
        if not path.is_file():
            raise FilesGoneError(f"import {import_id}: {path} is missing; restore it from a backup")
        rows = read_rows(path, catalog.custom_fields, Locale(taken["validation"]["locale"])).rows
        keyed = dict(zip(record_keys(rows, taken["content_hash"]), rows, strict=True))
        wanted = {key: row for key, row in keyed.items() if only is None or key in only}
        matcher = Matcher(entry.known(connection, catalog, list(wanted.values())))
    return {key: (row, matcher.match(row, key).record) for key, row in wanted.items()}
