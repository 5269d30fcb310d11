"""Lineage: from a rated item to its usage records, their imports and landed files, and back from a raw row."""

import re
from collections.abc import Collection, Sequence
from decimal import Decimal

import sqlalchemy as sa

from pipeline.store.billing import USAGE
from pipeline.store.incoming import CORRECTS_BASE, base, base_key
from pipeline.store.manifest import LandedFile
from pipeline.store.many import among, numbered
from pipeline.store.tables import (
    ACTIVE,
    arrivals,
    bill_runs,
    import_files,
    imports,
    landed_files,
    ledger_files,
    ledgers,
    quarantined_rows,
    rated_items,
    rated_usage,
    usage_changes,
    usage_records,
)

IMPORT = ("source_type", "meter", "reason", "file_name", "created_by", "created_at")
FILE = tuple(LandedFile.__dataclass_fields__)


def item(connection: sa.Connection, item_id: int) -> sa.RowMapping | None:
    """Find a rated item, with the instant of its bill run."""
    statement = sa.select(rated_items, bill_runs.c.created_at.label("billed_at")).join(bill_runs)
    return connection.execute(statement.where(rated_items.c.item_id == item_id)).mappings().first()


def items_before(connection: sa.Connection, found: sa.RowMapping) -> Sequence[sa.RowMapping]:
    """List the earlier items of an item's group, by number."""
    same = [rated_items.c[name] == found[name] for name in ("period", "charge_number", "period_start", "group_key")]
    statement = sa.select(rated_items).where(*same, rated_items.c.item_id < found["item_id"])
    return connection.execute(statement.order_by(rated_items.c.item_id)).mappings().all()


def records(connection: sa.Connection, item_id: int, limit: int | None = None) -> Sequence[sa.RowMapping]:
    """List the usage records behind a rated item, or the first of them, by number, each with its import."""
    names = (*USAGE, "bill_run_id")
    joined = rated_usage.join(usage_records).join(imports, imports.c.import_id == usage_records.c.import_id)
    columns = [usage_records.c[name] for name in names]
    about = [imports.c[name].label(f"import_{name}") for name in IMPORT]
    statement = sa.select(*columns, *about).select_from(joined).where(rated_usage.c.item_id == item_id)
    return connection.execute(statement.order_by(usage_records.c.record_id).limit(limit)).mappings().all()


def corrected(connection: sa.Connection, period: str, record_id: int, base: int) -> tuple[str, Decimal]:
    """Give the key of the record that an adjustment corrects, and the quantity that stood before the adjustment."""
    mine = (usage_records.c.period == period) & ACTIVE
    same = (usage_records.c.record_id == base) | (usage_records.c.corrects == base)
    total = sa.select(sa.func.sum(usage_records.c.quantity)).where(mine, same, usage_records.c.record_id < record_id)
    key = sa.select(usage_records.c.record_key).where(mine, usage_records.c.record_id == base)
    return connection.execute(key).scalar_one(), connection.execute(total).scalar_one()


def changes(connection: sa.Connection, record_id: int) -> Sequence[sa.RowMapping]:
    """List the changes that somebody made to a record by hand, oldest first."""
    statement = sa.select(usage_changes).where(usage_changes.c.record_id == record_id)
    return connection.execute(statement.order_by(usage_changes.c.change_id)).mappings().all()


def files(connection: sa.Connection, import_id: str) -> list[LandedFile]:
    """List the landed files that an import was made of, by id."""
    same = (landed_files.c.source == import_files.c.source) & (landed_files.c.file_id == import_files.c.file_id)
    statement = sa.select(*(landed_files.c[name] for name in FILE)).join(import_files, same)
    statement = statement.where(import_files.c.import_id == import_id).order_by(landed_files.c.file_id)
    return [LandedFile(**row) for row in connection.execute(statement).mappings()]


def landed(connection: sa.Connection, source: str, file_id: str) -> sa.RowMapping | None:
    """Find a landed file, visible or replaced."""
    same = (landed_files.c.source == source, landed_files.c.file_id == file_id)
    return connection.execute(sa.select(landed_files).where(*same)).mappings().first()


def arrived(connection: sa.Connection, source: str, uri: str) -> sa.RowMapping | None:
    """Find what the raw file at a place landed as, the latest where others stood there before."""
    statement = sa.select(arrivals).where(arrivals.c.source == source, arrivals.c.uri == uri)
    latest = statement.order_by(arrivals.c.arrived_at.desc(), arrivals.c.sha256).limit(1)
    return connection.execute(latest).mappings().first()


def raw_files(connection: sa.Connection, source: str, file_ids: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """List (uri, sha256) of the raw files that landed as each of these files."""
    statement = sa.select(arrivals.c.file_id, arrivals.c.uri, arrivals.c.sha256)
    statement = statement.where(arrivals.c.source == source, among(arrivals.c.file_id, file_ids))
    found: dict[str, list[tuple[str, str]]] = {file_id: [] for file_id in file_ids}
    for row in connection.execute(statement.order_by(arrivals.c.arrived_at, arrivals.c.uri)):
        found[row.file_id].append((row.uri, row.sha256))
    return found


def quarantined(connection: sa.Connection, source: str, file_id: str, row: int) -> sa.RowMapping | None:
    """Find a row that was quarantined when its file landed."""
    same = quarantined_rows.c
    statement = sa.select(quarantined_rows).where(same.source == source, same.file_id == file_id, same.row == row)
    return connection.execute(statement).mappings().first()


def as_file(row: sa.RowMapping) -> LandedFile:
    """Give a row of `landed` as readings are read by."""
    return LandedFile(**{name: row[name] for name in FILE})


def ledgers_at(connection: sa.Connection, source: str, at_us: int) -> list[tuple[str, str]]:
    """List the (meter, period) whose ledger of a source spans an instant."""
    holds = ledgers.c.from_us.is_(None) | (ledgers.c.from_us <= at_us)
    statement = sa.select(ledgers.c.meter, ledgers.c.period).where(ledgers.c.source == source, holds)
    found = connection.execute(statement.where(ledgers.c.until_us > at_us).order_by(ledgers.c.meter, ledgers.c.period))
    return [(row.meter, row.period) for row in found]


def files_of_ledger(connection: sa.Connection, meter: str, period: str) -> set[str]:
    """Tell which landed files a meter's ledger of a period knows."""
    same = (ledger_files.c.meter == meter, ledger_files.c.period == period)
    return set(connection.execute(sa.select(ledger_files.c.file_id).where(*same)).scalars())


def made_of(
    connection: sa.Connection, meter: str, period: str, record_key: str, file_id: str
) -> Sequence[sa.RowMapping]:
    """List the active records of a key, its adjustments included, that were made of a landed file, oldest first."""
    of_file = (import_files.c.import_id == imports.c.import_id) & (import_files.c.file_id == file_id)
    mine = (usage_records.c.period == period) & ACTIVE & (imports.c.meter == meter)
    columns = (usage_records.c[name] for name in ("record_id", "status", "quantity", "uom", "import_id", "corrects"))
    statement = (
        sa.select(*columns)
        .join(imports, imports.c.import_id == usage_records.c.import_id)
        .join(import_files, of_file)
        .outerjoin(base, CORRECTS_BASE)
        .where(mine, base_key == record_key)
    )
    return connection.execute(statement.order_by(usage_records.c.record_id)).mappings().all()


def deleted(connection: sa.Connection, import_id: str, record_key: str) -> sa.RowMapping | None:
    """Find who deleted an import's record of a key by hand, and why."""
    same = (usage_changes.c.import_id == import_id, usage_changes.c.before["record_key"].astext == record_key)
    statement = sa.select(usage_changes).where(*same, usage_changes.c.action == "delete")
    return connection.execute(statement).mappings().first()


def items_of(connection: sa.Connection, period: str, record_ids: Collection[int]) -> Sequence[sa.RowMapping]:
    """List the rated items that records of a period are behind: the first billed one, later ones the difference."""
    # By way of the period's bill runs and the records' charges, as nothing leads from a record to its items.
    mine = (usage_records.c.period == period) & numbered(usage_records.c.record_id, record_ids)
    charge = (rated_items.c.charge_number == usage_records.c.charge_number) & (rated_items.c.period == period)
    rated = (rated_usage.c.item_id == rated_items.c.item_id) & (rated_usage.c.record_id == usage_records.c.record_id)
    statement = (
        sa.select(rated_items, usage_records.c.record_id)
        .join(usage_records, charge)
        .join(rated_usage, rated)
        .join(bill_runs, bill_runs.c.bill_run_id == rated_items.c.bill_run_id)
        .where(mine, bill_runs.c.period == period)
    )
    return connection.execute(statement.order_by(rated_items.c.item_id)).mappings().all()


def files_named(connection: sa.Connection, import_id: str, name: str, limit: int) -> Sequence[sa.RowMapping]:
    """List the raw files that an import was made of, each with the number of `all`, those that name one first."""
    landed_as = (arrivals.c.source == import_files.c.source) & (arrivals.c.file_id == import_files.c.file_id)
    named = arrivals.c.uri.regexp_match(f"(^|[^[:alnum:]]){re.escape(name)}([^[:alnum:]]|$)").label("named")
    columns = (*(arrivals.c[each] for each in ("source", "uri", "sha256")), named, sa.func.count().over().label("all"))
    statement = sa.select(*columns).join(import_files, landed_as)
    order = (named.desc(), arrivals.c.uri, arrivals.c.sha256)
    statement = statement.where(import_files.c.import_id == import_id).order_by(*order).limit(limit)
    return connection.execute(statement).mappings().all()


def arrivals_of(connection: sa.Connection, name: str, limit: int) -> Sequence[sa.RowMapping]:
    """List the raw files at a place, in whatever source, or that are known by a hash, the latest first."""
    known = arrivals.c
    wanted = sa.or_(known.uri == name, known.file_id == name.lower(), known.sha256 == name.lower())
    statement = sa.select(arrivals).where(wanted).order_by(known.arrived_at.desc(), known.source, known.sha256)
    return connection.execute(statement.limit(limit)).mappings().all()


def imports_of(connection: sa.Connection, source: str, file_id: str, limit: int) -> Sequence[sa.RowMapping]:
    """List the imports that a landed file went into, the latest first."""
    # By way of the source's ledgers, as nothing leads from a file to its imports.
    slot = (imports.c.meter == ledgers.c.meter) & (imports.c.period == ledgers.c.period)
    made_of = (import_files.c.import_id == imports.c.import_id) & (import_files.c.source == source)
    names = ("import_id", "meter", "period", "created_at", "created_by", "superseded_by")
    statement = sa.select(*(imports.c[name] for name in names)).join(ledgers, slot).join(import_files, made_of)
    statement = statement.where(ledgers.c.source == source, import_files.c.file_id == file_id)
    return connection.execute(statement.order_by(imports.c.created_at.desc()).limit(limit)).mappings().all()


def records_of(
    connection: sa.Connection, import_ids: Collection[str], accounts: Collection[str], limit: int
) -> Sequence[sa.RowMapping]:
    """List the active records of these accounts that imports brought, by number."""
    mine = among(usage_records.c.import_id, import_ids) & among(usage_records.c.account_number, accounts)
    statement = sa.select(*(usage_records.c[name] for name in USAGE)).where(mine, ACTIVE)
    return connection.execute(statement.order_by(usage_records.c.record_id).limit(limit)).mappings().all()
