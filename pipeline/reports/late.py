"""The late ledger: how long after the end of its period a reading arrived, and what a grace of so many days catches."""

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from pipeline.engine import landing_engine
from pipeline.layout import table
from pipeline.store import arrivals, manifest
from pipeline.store.manifest import LandedFile
from transforms.catalog.source import Source
from transforms.period import Period, Window, instant
from transforms.readings.delays import Delay, days_after, delays


def late(store: sa.Engine, source: Source, period: Period, home: Path) -> list[Delay]:
    """List when the readings of a period arrived, by days after its end on the source's clock."""
    window = period.window(source.time.zone)
    with store.begin() as connection:
        files = manifest.files(connection, source.source, window.end_us, from_us=window.start_us)
        arrived = arrivals.arrived_at(connection, source.source, [each.file_id for each in files])
    counted = _rows(files, window, home / "readings")
    days = {each.file_id: days_after(instant(window.end_us), arrived[each.file_id]) for each in files}
    return delays((days[file_id], 1, rows) for file_id, rows in counted.items())


def _rows(files: list[LandedFile], window: Window, readings: Path) -> dict[str, int]:
    """Count the readings of a period in each file; only a file that reaches out of the period need be read."""
    counted = {}
    with landing_engine() as backend:
        for each in files:
            counted[each.file_id] = each.readings
            if _reaches_out(each, window):
                landed = backend.read_parquet(readings / each.path)
                inside = landed.at_us.between(window.start_us, window.end_us - 1)
                counted[each.file_id] = backend.to_pyarrow(inside.sum().fill_null(0)).as_py()
    return counted


def _reaches_out(each: LandedFile, window: Window) -> bool:
    assert each.at_us_min is not None and each.at_us_max is not None  # noqa: S101, PT018 narrows: it has a reading
    return each.at_us_min < window.start_us or each.at_us_max >= window.end_us


def describe(found: Iterable[Delay]) -> str:
    """Lay the ledger out: `caught` is the share of the readings that a grace of so many days would have caught."""
    header = ("days after the end", "files", "readings", "together", "caught, %")
    rows = [(each.days, each.files, each.rows, each.together, each.share) for each in found]
    return table(header, rows)
