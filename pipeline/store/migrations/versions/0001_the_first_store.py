"""The first store: manifest, usage, ledgers, rated items, exports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "accounts",
        sa.Column("account_number", sa.String(length=100), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("time_zone", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("account_number"),
    )
    op.create_table(
        "bill_runs",
        sa.Column("bill_run_id", sa.String(length=32), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("validation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("bill_run_id"),
    )
    op.create_table(
        "exports",
        sa.Column("path", sa.Text(), nullable=False, comment="below the home's exports; the name holds a hash"),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("what", sa.String(length=100), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("control_total", sa.Numeric(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("path"),
    )
    op.create_table(
        "extractions",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="every file that had arrived by then has been taken",
        ),
        sa.PrimaryKeyConstraint("source"),
    )
    op.create_table(
        "imports",
        sa.Column("import_id", sa.String(length=32), nullable=False),
        sa.Column("meter", sa.String(length=100), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("follows", sa.String(length=32), nullable=True),
        sa.Column("superseded_by", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=100), nullable=False),
        sa.Column("total_count", sa.BigInteger(), nullable=False),
        sa.Column("imported_count", sa.BigInteger(), nullable=False),
        sa.Column("control_total", sa.Numeric(), nullable=False),
        sa.Column("validation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("docs", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["follows"],
            ["imports.import_id"],
        ),
        sa.PrimaryKeyConstraint("import_id"),
    )
    op.create_index(
        "one_active_import",
        "imports",
        ["meter", "period"],
        unique=True,
        postgresql_where=sa.text("superseded_by IS NULL"),
    )
    op.create_table(
        "landed_files",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column(
            "file_id",
            sa.String(length=64),
            nullable=False,
            comment="hash of the content, whatever its order or wrapping",
        ),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("quarantined", sa.BigInteger(), nullable=False),
        sa.Column("at_us_min", sa.BigInteger(), nullable=True),
        sa.Column("at_us_max", sa.BigInteger(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False, comment="Parquet, below the home's readings folder"),
        sa.Column("landed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("rows = readings + quarantined", name="every_row_has_a_place"),
        sa.PrimaryKeyConstraint("source", "file_id"),
    )
    op.create_table(
        "rated_periods",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column(
            "rated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="last, whether or not anything was due",
        ),
        sa.PrimaryKeyConstraint("period"),
    )
    op.create_table(
        "arrivals",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="of the raw file's bytes"),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column(
            "file_id",
            sa.String(length=64),
            nullable=True,
            comment="what it landed as; null for a file that is quarantined whole",
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it is quarantined whole"),
        sa.Column("arrived_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(file_id IS NULL) <> (reason IS NULL)", name="landed_or_quarantined"),
        sa.ForeignKeyConstraint(
            ["source", "file_id"],
            ["landed_files.source", "landed_files.file_id"],
        ),
        sa.PrimaryKeyConstraint("source", "sha256", "uri"),
    )
    op.create_table(
        "import_files",
        sa.Column("import_id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("file_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["imports.import_id"],
        ),
        sa.ForeignKeyConstraint(
            ["source", "file_id"],
            ["landed_files.source", "landed_files.file_id"],
        ),
        sa.PrimaryKeyConstraint("import_id", "source", "file_id"),
    )
    op.create_table(
        "ledgers",
        sa.Column("meter", sa.String(length=100), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("landed", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=100), nullable=False),
        sa.Column("import_id", sa.String(length=32), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["imports.import_id"],
        ),
        sa.PrimaryKeyConstraint("meter", "period"),
    )
    op.create_table(
        "quarantined_rows",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("file_id", sa.String(length=64), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False, comment="1 is the first data row of the raw file"),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source", "file_id"],
            ["landed_files.source", "landed_files.file_id"],
        ),
        sa.PrimaryKeyConstraint("source", "file_id", "row"),
    )
    op.create_table(
        "rated_items",
        sa.Column("item_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("bill_run_id", sa.String(length=32), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("account_number", sa.String(length=100), nullable=False),
        sa.Column("subscription_number", sa.String(length=100), nullable=False),
        sa.Column("charge_number", sa.String(length=100), nullable=False),
        sa.Column("charge", sa.String(length=100), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uom", sa.String(length=100), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=22, scale=9), nullable=False),
        sa.Column(
            "amount_total",
            sa.Numeric(precision=30, scale=9),
            nullable=False,
            comment="what all usage of the group is worth",
        ),
        sa.Column("billed_before", sa.Numeric(precision=30, scale=9), nullable=False),
        sa.Column("amount", sa.Numeric(precision=30, scale=9), nullable=False, comment="billed by this item"),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("breakdown", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("amount = amount_total - billed_before", name="bills_the_difference"),
        sa.ForeignKeyConstraint(
            ["bill_run_id"],
            ["bill_runs.bill_run_id"],
        ),
        sa.PrimaryKeyConstraint("item_id"),
        sa.UniqueConstraint("bill_run_id", "charge_number", "period_start", "group_key", name="one_item"),
    )
    op.create_table(
        "subscribed_charges",
        sa.Column("charge_number", sa.String(length=100), nullable=False),
        sa.Column("subscription_number", sa.String(length=100), nullable=False),
        sa.Column("account_number", sa.String(length=100), nullable=False),
        sa.Column("charge", sa.String(length=100), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_number"],
            ["accounts.account_number"],
        ),
        sa.PrimaryKeyConstraint("charge_number"),
    )
    op.create_table(
        "ledger_lines",
        sa.Column("meter", sa.String(length=100), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column(
            "place",
            sa.String(length=100),
            nullable=False,
            comment="billed and pending are not kept here: the records tell them",
        ),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meter", "period"],
            ["ledgers.meter", "ledgers.period"],
        ),
        sa.PrimaryKeyConstraint("meter", "period", "place", "reason"),
    )
    op.create_table(
        "usage_records",
        sa.Column("record_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("import_id", sa.String(length=32), nullable=False),
        sa.Column("record_key", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("account_number", sa.String(length=100), nullable=False),
        sa.Column("subscription_number", sa.String(length=100), nullable=False),
        sa.Column("charge_number", sa.String(length=100), nullable=False),
        sa.Column("charge", sa.String(length=100), nullable=False),
        sa.Column("uom", sa.String(length=100), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=22, scale=9), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("custom_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=100), server_default="Pending", nullable=False),
        sa.Column("superseded_by", sa.String(length=32), nullable=True),
        sa.Column("bill_run_id", sa.String(length=32), nullable=True),
        sa.CheckConstraint("(status = 'Processed') = (bill_run_id IS NOT NULL)", name="processed_by_a_bill_run"),
        sa.CheckConstraint("status = 'Pending' OR superseded_by IS NULL", name="processed_is_never_superseded"),
        sa.CheckConstraint("status IN ('Pending', 'Processed')", name="status_known"),
        sa.CheckConstraint("quantity >= 0 AND quantity < 1e13", name="quantity_in_range"),
        sa.CheckConstraint("start_at < end_at", name="starts_before_it_ends"),
        sa.ForeignKeyConstraint(
            ["account_number"],
            ["accounts.account_number"],
        ),
        sa.ForeignKeyConstraint(
            ["bill_run_id"],
            ["bill_runs.bill_run_id"],
        ),
        sa.ForeignKeyConstraint(
            ["charge_number"],
            ["subscribed_charges.charge_number"],
        ),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["imports.import_id"],
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by"],
            ["imports.import_id"],
        ),
        sa.PrimaryKeyConstraint("record_id"),
    )
    op.create_index(
        "one_active_record",
        "usage_records",
        ["record_key"],
        unique=True,
        postgresql_where=sa.text("superseded_by IS NULL"),
    )
    op.create_index("usage_records_by_import", "usage_records", ["import_id"], unique=False)
    op.create_index("usage_records_by_period", "usage_records", ["period", "status"], unique=False)
    op.create_table(
        "rated_usage",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["rated_items.item_id"],
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["usage_records.record_id"],
        ),
        sa.PrimaryKeyConstraint("item_id", "record_id"),
    )


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("rated_usage")
    op.drop_index("usage_records_by_period", table_name="usage_records")
    op.drop_index("usage_records_by_import", table_name="usage_records")
    op.drop_index("one_active_record", table_name="usage_records", postgresql_where=sa.text("superseded_by IS NULL"))
    op.drop_table("usage_records")
    op.drop_table("ledger_lines")
    op.drop_table("subscribed_charges")
    op.drop_table("rated_items")
    op.drop_table("quarantined_rows")
    op.drop_table("ledgers")
    op.drop_table("import_files")
    op.drop_table("arrivals")
    op.drop_table("rated_periods")
    op.drop_table("landed_files")
    op.drop_index("one_active_import", table_name="imports", postgresql_where=sa.text("superseded_by IS NULL"))
    op.drop_table("imports")
    op.drop_table("extractions")
    op.drop_table("exports")
    op.drop_table("bill_runs")
    op.drop_table("accounts")
