"""What is exported, row by row, and the manifest of what was written."""

from dataclasses import asdict, dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.tables import ACTIVE, accounts, bill_runs, exports, imports, rated_items, usage_records
from transforms.period import Period


@dataclass(frozen=True)
class ExportFile:
    """One written file: `path` below the home's exports folder, its rows, and the sum of its quantities or amounts."""

    path: str
    period: str
    what: str
    rows: int
    control_total: Decimal
    sha256: str


def usage_rows(period: Period) -> sa.Select[tuple[object, ...]]:
    """Select the active usage of a period, with its status, import and bill run."""
    names = ("charge_number", "charge", "start_at", "end_at", "uom", "quantity", "status", "import_id", "bill_run_id")
    return (
        sa.select(
            usage_records.c.account_number,
            accounts.c.name.label("account_name"),
            usage_records.c.subscription_number,
            *(usage_records.c[name] for name in names),
            imports.c.meter,
            usage_records.c.readings,
            usage_records.c.samples_expected,
            usage_records.c.samples_seen,
            usage_records.c.description,
            usage_records.c.custom_fields.cast(sa.Text).label("custom_fields"),
            usage_records.c.record_key.label("unique_key"),
        )
        .join(accounts, accounts.c.account_number == usage_records.c.account_number)
        .join(imports, imports.c.import_id == usage_records.c.import_id)
        .where(usage_records.c.period == str(period), ACTIVE)
        .order_by(
            usage_records.c.account_number,
            usage_records.c.charge_number,
            usage_records.c.start_at,
            usage_records.c.record_key,
        )
    )


def rated_rows(period: Period) -> sa.Select[tuple[object, ...]]:
    """Select the rated items of a period, whichever bill run made them."""
    names = (
        "subscription_number", "charge_number", "charge", "period_start", "period_end", "group_key",
        "uom", "quantity", "amount", "amount_total", "billed_before", "currency", "bill_run_id",
    )  # fmt: skip
    return (
        sa.select(
            rated_items.c.account_number,
            accounts.c.name.label("account_name"),
            *(rated_items.c[name] for name in names),
            rated_items.c.breakdown.cast(sa.Text).label("breakdown"),
        )
        .join(accounts, accounts.c.account_number == rated_items.c.account_number)
        .where(rated_items.c.period == str(period))
        .order_by(
            rated_items.c.account_number, rated_items.c.charge_number, rated_items.c.group_key, rated_items.c.item_id
        )
    )


def control(connection: sa.Connection, rows: sa.Select[tuple[object, ...]], summed: str) -> tuple[int, Decimal]:
    """Count rows and add up one of their columns, in the database."""
    counted = rows.order_by(None).subquery()
    total = sa.func.coalesce(sa.func.sum(counted.c[summed]), 0)
    count, amount = connection.execute(sa.select(sa.func.count(), total).select_from(counted)).one()
    return count, amount


def note(connection: sa.Connection, written: ExportFile) -> bool:
    """Enter a written file; False when the same content was exported before."""
    statement = insert(exports).values(asdict(written)).on_conflict_do_nothing().returning(exports.c.path)
    return connection.execute(statement).first() is not None


def billed_since(connection: sa.Connection) -> list[Period]:
    """List the periods that have a bill run which is newer than their last export."""
    last = sa.select(sa.func.max(exports.c.written_at)).where(exports.c.period == bill_runs.c.period).scalar_subquery()
    statement = sa.select(bill_runs.c.period).distinct().where(bill_runs.c.created_at > last)
    return sorted(map(Period.parse, connection.execute(statement).scalars()))
