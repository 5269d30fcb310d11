"""What is exported, row by row, and the manifest of what was written."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.invoices import OWN, POSTED, number_text
from pipeline.store.tables import ACTIVE, accounts, bill_runs, exports, imports, invoices, rated_items, usage_records
from transforms.invoices.invoice import Kind
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
    """Select the active usage of a period, with its status, import, bill run and invoice."""
    names = ("charge_number", "charge", "start_at", "end_at", "uom", "quantity", "status", "import_id", "bill_run_id")
    behind = ("readings", "samples_expected", "samples_seen", "description")
    invoiced = _invoices_of_charges(period)
    billed_so = (invoiced.c.bill_run_id == usage_records.c.bill_run_id) & (
        invoiced.c.charge_number == usage_records.c.charge_number
    )
    return (
        sa.select(
            usage_records.c.account_number,
            accounts.c.name.label("account_name"),
            usage_records.c.subscription_number,
            *(usage_records.c[name] for name in names),
            invoiced.c.invoice_number,
            imports.c.meter,
            *(usage_records.c[name] for name in behind),
            usage_records.c.custom_fields.cast(sa.Text).label("custom_fields"),
            usage_records.c.record_key.label("unique_key"),
        )
        .join(accounts, accounts.c.account_number == usage_records.c.account_number)
        .join(imports, imports.c.import_id == usage_records.c.import_id)
        .outerjoin(invoiced, billed_so)
        .where(usage_records.c.period == str(period), ACTIVE)
        .order_by(*(usage_records.c[name] for name in ("account_number", "charge_number", "start_at", "record_key")))
    )


def _invoices_of_charges(period: Period) -> sa.Subquery:
    """Find the invoice of each charge that a bill run billed: its records are on it, and on no other.

    That is the same as by way of `rated_usage`, whose rows are as many as the records of all bill runs together.
    """
    keys = (rated_items.c.bill_run_id, rated_items.c.charge_number)
    number = sa.func.min(number_text()).label("invoice_number")
    statement = sa.select(*keys, number).join(invoices, OWN).where(rated_items.c.period == str(period))
    return statement.group_by(*keys).subquery()


def rated_rows(period: Period) -> sa.Select[tuple[object, ...]]:
    """Select the rated items of a period's posted bill runs, each with its invoice."""
    names = (
        "subscription_number", "charge_number", "charge", "period_start", "period_end", "group_key",
        "uom", "quantity", "amount", "amount_total", "billed_before", "currency", "bill_run_id",
    )  # fmt: skip
    return (
        sa.select(
            rated_items.c.account_number,
            accounts.c.name.label("account_name"),
            *(rated_items.c[name] for name in names),
            number_text().label("invoice_number"),
            rated_items.c.breakdown.cast(sa.Text).label("breakdown"),
        )
        .join(accounts, accounts.c.account_number == rated_items.c.account_number)
        .join(bill_runs, bill_runs.c.bill_run_id == rated_items.c.bill_run_id)
        .join(invoices, OWN)
        .where(rated_items.c.period == str(period), POSTED)
        .order_by(
            rated_items.c.account_number, rated_items.c.charge_number, rated_items.c.group_key, rated_items.c.item_id
        )
    )


def invoice_rows(period: Period) -> sa.Select[tuple[object, ...]]:
    """Select the invoices of a period, in the order of their numbers."""
    kind = sa.case((invoices.c.amount < 0, Kind.CREDIT_NOTE.value), else_=Kind.INVOICE.value)
    return (
        sa.select(
            number_text().label("invoice_number"),
            kind.label("kind"),
            invoices.c.account_number,
            accounts.c.name.label("account_name"),
            invoices.c.currency,
            invoices.c.amount,
            invoices.c["items"],
            bill_runs.c.period,
            bill_runs.c.ordinal.label("bill_run"),
            invoices.c.bill_run_id,
            invoices.c.issued_at,
        )
        .join(bill_runs, bill_runs.c.bill_run_id == invoices.c.bill_run_id)
        .join(accounts, accounts.c.account_number == invoices.c.account_number)
        .where(bill_runs.c.period == str(period), POSTED)
        .order_by(invoices.c.number)
    )


def control(connection: sa.Connection, rows: sa.Select[tuple[object, ...]], summed: str) -> tuple[int, Decimal]:
    """Count rows and add up one of their columns, in the database."""
    counted = rows.order_by(None).subquery()
    total = sa.func.coalesce(sa.func.sum(counted.c[summed]), 0)
    count, amount = connection.execute(sa.select(sa.func.count(), total).select_from(counted)).one()
    return count, amount


def by_unit(connection: sa.Connection, period: Period) -> Sequence[sa.RowMapping]:
    """Add up a period's active usage: uom, records, quantity; in the order of the units."""
    total = sa.func.sum(usage_records.c.quantity).label("quantity")
    statement = sa.select(usage_records.c.uom, sa.func.count().label("records"), total)
    statement = statement.where(usage_records.c.period == str(period), ACTIVE).group_by(usage_records.c.uom)
    return connection.execute(statement.order_by(usage_records.c.uom)).mappings().all()


def note(connection: sa.Connection, written: ExportFile) -> None:
    """Enter a written file; of content that was exported before, only when it was written last changes."""
    # By the clock, not by the transaction's start: it may have waited long for the period.
    moment = {"written_at": sa.func.clock_timestamp()}
    statement = insert(exports).values(asdict(written) | moment)
    connection.execute(statement.on_conflict_do_update(index_elements=[exports.c.path], set_=moment))


def billed_since(connection: sa.Connection) -> list[Period]:
    """List the periods that have a bill run which was posted after their last export, or were never exported."""
    last = sa.select(sa.func.max(exports.c.written_at)).where(exports.c.period == bill_runs.c.period).scalar_subquery()
    since = last.is_(None) | (bill_runs.c.updated_at > last)
    statement = sa.select(bill_runs.c.period).distinct().where(bill_runs.c.status == "posted", since)
    return sorted(map(Period.parse, connection.execute(statement).scalars()))
