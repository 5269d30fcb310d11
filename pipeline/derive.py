"""Derive: one exact quantity per charge of a meter and billing period, and the ledger of every reading."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import sqlalchemy as sa
from ibis.backends.duckdb import Backend

from pipeline import artefact
from pipeline.catalog import Catalog
from pipeline.engine import engine
from pipeline.store import customers, manifest
from pipeline.store.manifest import LandedFile
from transforms import derive as rules
from transforms.errors import MeterbridgeError
from transforms.meter import CARRIED_IN, Derivation, Meter
from transforms.period import LAST_ZONE_BEHIND_UTC, Month, micros
from transforms.reconcile import LedgerLine
from transforms.scope import Account, CalendarRow, ScopeRow, SubscribedCharge, calendar, scope
from transforms.source import Source

EXACT_TYPES: dict[str, pa.DataType] = {
    "charge_number": pa.string(),
    "start_us": pa.int64(),
    "end_us": pa.int64(),
    "numerator": pa.string(),  # digits as text: a weighted sum needs more than the 38 of a decimal column
    "remainder": pa.string(),
    "denominator": pa.int64(),
    "readings": pa.int64(),
    "first_at_us": pa.int64(),
    "last_at_us": pa.int64(),
}
EXACT = pa.schema(EXACT_TYPES)


ZONES_SPAN = timedelta(hours=14)  # no clock on Earth is further from UTC


class PeriodNotEndedError(MeterbridgeError):
    """A billing period that is not over everywhere cannot be derived: readings are still to come."""


@dataclass(frozen=True)
class Situation:
    """All that a derivation depends on besides the readings."""

    meter: Meter
    source: Source
    period: Month
    accounts: list[Account]
    charges: list[SubscribedCharge]
    files: list[LandedFile]

    @property
    def default(self) -> CalendarRow:
        """The period as the source's own clock cuts it, for readings of unknown accounts."""
        window = self.period.window(self.source.time.zone)
        return CalendarRow("", window.start_us, window.end_us)

    def calendar(self) -> list[CalendarRow]:
        """Cut the period on every account's clock."""
        return calendar(self.accounts, self.period)

    def scope(self) -> list[ScopeRow]:
        """Tell which charge the readings of each account and subscription belong to."""
        return scope(self.accounts, self.charges, self.meter.map.charge, self.period)


def require_ended(period: Month, at: datetime) -> None:
    """Refuse a period that has not ended everywhere at that instant."""
    if not period.ended_everywhere(at):
        end = period.next().window("UTC").start + LAST_ZONE_BEHIND_UTC
        raise PeriodNotEndedError(
            f"billing period {period} ends at {end:%Y-%m-%d %H:%M} UTC in the last time zone; run it after that"
        )


def derive(store: sa.Engine, catalog: Catalog, meter: Meter, period: Month, home: Path, *, at: datetime) -> Path:
    """Derive a meter's quantities of a period; gives the artefact's path. `at` is the instant of asking."""
    require_ended(period, at)
    with store.begin() as connection:
        situation = _situation(connection, catalog.source(meter.source_name), meter, period)
    with engine() as backend:
        table, landed, lines = _derive(backend, situation, home)
    about = {
        "meter": meter.meter,
        "period": str(period),
        "files": [file.file_id for file in situation.files],
        "landed": landed,
        "lines": [asdict(line) for line in lines],
    }
    return artefact.write(home / "work" / meter.meter / str(period), "quantities", table, about)


def rederive(
    store: sa.Engine, catalog: Catalog, meter: Meter, period: Month, home: Path, files: set[str]
) -> tuple[int, list[LedgerLine]]:
    """Count again where the readings of these landed files alone went: (landed, lines)."""
    with store.begin() as connection:
        situation = _situation(connection, catalog.source(meter.source_name), meter, period)
    situation.files[:] = [file for file in situation.files if file.file_id in files]
    with engine() as backend:
        _, landed, lines = _derive(backend, situation, home)
    return landed, lines


def _situation(connection: sa.Connection, source: Source, meter: Meter, period: Month) -> Situation:
    utc = period.window("UTC")
    first, last = micros(utc.start - ZONES_SPAN), micros(utc.end + ZONES_SPAN)
    files = manifest.files(connection, source.source, last, from_us=_carried_from(meter.derive, first))
    return Situation(
        meter, source, period, customers.all_accounts(connection), customers.all_charges(connection), files
    )


def _carried_from(derivation: Derivation, first_us: int) -> int | None:
    """Tell from when on a reading can matter to a period that starts at `first_us`; None: it can be of any age."""
    if derivation.function not in CARRIED_IN:
        return first_us
    return None if derivation.gap_seconds_max is None else first_us - derivation.gap_seconds_max * 1_000_000


def _derive(backend: Backend, situation: Situation, home: Path) -> tuple[pa.Table, int, list[LedgerLine]]:
    dated = rules.inside(_readings(backend, situation, home), situation.calendar(), situation.default)
    by_event_id = situation.source.columns.event_id is not None
    classified = rules.classify(dated, situation.scope(), situation.source.duplicates, by_event_id=by_event_id)
    classified = rules.narrow(classified, situation.meter.derive.filter)
    lines = [
        _line(row) for row in backend.to_pyarrow(rules.ledger(classified).order_by("category", "reason")).to_pylist()
    ]
    found = backend.to_pyarrow(
        rules.quantities(classified, situation.meter.derive).order_by("charge_number")
    ).to_pylist()
    rows = [{**row, "numerator": str(row["numerator"]), "remainder": str(row["remainder"])} for row in found]
    # Counted apart from the categories: what a join loses or doubles shows as unexplained.
    landed = int(backend.to_pyarrow((dated.position == 0).sum()).as_py() or 0)
    return pa.Table.from_pylist(rows, schema=EXACT), landed, lines


def _readings(backend: Backend, situation: Situation, home: Path) -> ir.Table:
    """Give the landed readings as one table; an empty one where nothing landed."""
    if situation.files:
        return backend.read_parquet([str(home / "readings" / file.path) for file in situation.files])
    decimals = situation.source.value.decimals
    types = dict.fromkeys(("row", "at_us", "id_high", "id_low"), "int64") | {"value": f"decimal(38, {decimals})"}
    return ibis.memtable([], schema=ibis.schema(dict.fromkeys(("account", "subscription"), "string") | types))


def _line(row: dict[str, Any]) -> LedgerLine:
    others = f" and {row['accounts'] - 1} more" if row["accounts"] > 1 else ""
    detail = f"account {row['example']}{others}" if row["reason"] else ""
    return LedgerLine(row["category"], row["reason"] or "", row["rows"], detail)
