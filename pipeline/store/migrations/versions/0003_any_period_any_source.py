"""Billing periods of any length and day; what is known of remote, fetched and replaced files; coverage."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WITH_PERIOD = (
    "imports",
    "bill_runs",
    "usage_records",
    "rated_items",
    "ledgers",
    "ledger_lines",
    "rated_periods",
    "exports",
)
ADDED: dict[str, list[tuple[str, sa.types.TypeEngine[Any], str | None]]] = {
    "landed_files": [("replaced_by", sa.String(64), "what the same raw file landed as under later rules")],
    "arrivals": [
        ("version", sa.Text(), "by which a remote file is known again without being read"),
        ("columns", JSONB(), "names that the file has"),
        ("warning", sa.Text(), "what is unusual about it"),
    ],
    "extractions": [("watermark", sa.Text(), "the highest that a query has given")],
    "usage_records": [
        ("samples_expected", sa.BigInteger(), "where the source says how far apart its samples are"),
        ("samples_seen", sa.BigInteger(), None),
    ],
}


def upgrade() -> None:
    """Widen the periods, add the columns."""
    for table in WITH_PERIOD:
        op.alter_column(table, "period", type_=sa.String(22))
    for table, columns in ADDED.items():
        for name, kind, comment in columns:
            op.add_column(table, sa.Column(name, kind, comment=comment))
    op.add_column("accounts", sa.Column("bill_cycle_day", sa.SmallInteger(), nullable=False, server_default="1"))
    op.create_check_constraint("bill_cycle_day_known", "accounts", "bill_cycle_day BETWEEN 1 AND 31")


def downgrade() -> None:
    """Take the columns away. A period that is no calendar month does not fit any more: PostgreSQL refuses then."""
    op.drop_column("accounts", "bill_cycle_day")
    for table, columns in ADDED.items():
        for name, _, _ in columns:
            op.drop_column(table, name)
    for table in WITH_PERIOD:
        op.alter_column(table, "period", type_=sa.String(7))
