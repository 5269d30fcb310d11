"""Usage from files and calls beside the meters'; adjustments; who changed what, and who is to be told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NOW = sa.func.now()
INSTANT = sa.DateTime(timezone=True)
NAME = sa.String(100)
BY = sa.text("'meterbridge'")


def upgrade() -> None:
    """Widen imports and usage records, add the tables around them."""
    _widen_imports()
    _widen_records()
    _add_changes()
    _add_tables()


def _widen_imports() -> None:
    for column in (
        sa.Column("slot", sa.Text(), comment="what has one active import: a meter's period, or one content"),
        sa.Column("source_type", NAME, comment="Meter, File or API"),
        sa.Column("name", NAME),
        sa.Column("status_reason", sa.String(2000), nullable=False, server_default=""),
        sa.Column(
            "altered_count", sa.BigInteger(), nullable=False, server_default="0",
            comment="records that were changed one by one since: deleted, updated, or taken over by a record of the "
            "same unique key",
        ),
        sa.Column("diff", JSONB(), comment="what it added, changed and removed, against what the store held"),
        sa.Column("reason", sa.Text(), nullable=False, server_default="", comment="why, where somebody had to say so"),
        sa.Column("file_name", sa.String(50), comment="of an upload, as it was sent"),
        sa.Column("md5", sa.String(32)),
        sa.Column("original_path", sa.Text(), comment="the uploaded bytes, below the home's imports folder"),
        sa.Column("result_path", sa.Text(), comment="what became of every row, below the home's imports folder"),
        sa.Column("created_by", NAME, nullable=False, server_default=BY),
        sa.Column("updated_by", NAME, nullable=False, server_default=BY),
        sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    ):  # fmt: skip
        op.add_column("imports", column)
    op.execute("UPDATE imports SET slot = meter || '/' || period, source_type = 'Meter', name = meter || ' ' || period")
    for name in ("slot", "source_type", "name"):
        op.alter_column("imports", name, nullable=False)
    for name in ("meter", "period"):
        op.alter_column("imports", name, nullable=True, comment="of a Meter's import")
    op.create_check_constraint("source_type_known", "imports", "source_type IN ('Meter', 'File', 'API')")
    op.create_check_constraint(
        "meter_has_a_period", "imports", "(source_type = 'Meter') = (meter IS NOT NULL AND period IS NOT NULL)"
    )
    op.create_check_constraint(
        "import_status_known", "imports", "status IN ('Pending', 'Processing', 'Completed', 'Failed', 'Canceled')"
    )
    op.drop_index("one_active_import", table_name="imports")
    op.create_index(
        "one_active_import", "imports", ["slot"], unique=True, postgresql_where=sa.text("superseded_by IS NULL")
    )
    op.create_index("imports_of_meters", "imports", ["meter", "period"])
    op.create_index(
        "unfinished_imports", "imports", ["created_at"],
        postgresql_where=sa.text("status IN ('Pending', 'Processing')"),
    )  # fmt: skip


def _widen_records() -> None:
    for column in (
        sa.Column("negative_allowed", sa.Boolean(), nullable=False, server_default=sa.false(), comment="by its charge"),
        sa.Column("unique_key", sa.String(254), comment="of an upload or a call: it names the record for good"),
        sa.Column("corrects", sa.BigInteger(), comment="of an adjustment: the Processed record that it corrects"),
        sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    ):
        op.add_column("usage_records", column)
    op.alter_column("usage_records", "charge_number", nullable=True, comment="null: no charge matches")
    op.alter_column("usage_records", "charge", nullable=True)
    op.alter_column("usage_records", "end_at", nullable=True, comment="exclusive; null where an upload names none")
    for name, rule in (
        ("quantity_in_range", "quantity > -1e13 AND quantity < 1e13"),
        ("starts_before_it_ends", "start_at <= end_at"),
    ):
        op.drop_constraint(name, "usage_records")
        op.create_check_constraint(name, "usage_records", rule)
    op.create_check_constraint("negative_where_allowed", "usage_records", "quantity >= 0 OR negative_allowed")
    op.create_check_constraint("charge_has_a_number", "usage_records", "(charge IS NULL) = (charge_number IS NULL)")
    op.create_index("usage_records_by_account", "usage_records", ["account_number"])
    op.create_index("usage_records_by_update", "usage_records", ["updated_at"])


def _add_changes() -> None:
    op.create_table(
        "usage_changes",
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("action", NAME, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False, comment="a deleted record is here alone"),
        sa.Column("import_id", sa.String(32), sa.ForeignKey("imports.import_id"), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False, comment="behind a deleted record; 0 for an update"),
        sa.Column("before", JSONB(), nullable=False, comment="the whole record"),
        sa.Column("after", JSONB(), comment="null: it was deleted"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", NAME, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False, server_default=NOW),
        sa.CheckConstraint("action IN ('update', 'delete')", name="action_known"),
        sa.CheckConstraint("(action = 'delete') = (after IS NULL)", name="deleted_leaves_nothing"),
    )
    op.create_index("usage_changes_by_record", "usage_changes", ["record_id"])
    op.create_index("usage_changes_by_import", "usage_changes", ["import_id"])
    op.execute(
        "CREATE TRIGGER final BEFORE UPDATE OR DELETE ON usage_changes FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER not_emptied BEFORE TRUNCATE ON usage_changes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _add_tables() -> None:
    op.create_table(
        "units",
        sa.Column("uom", NAME, primary_key=True),
        sa.Column("definition", JSONB(), nullable=False, comment="as a unit stands in the catalog's units.yaml"),
        sa.Column("created_by", NAME, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
        sa.Column("updated_by", NAME, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    )
    op.create_table(
        "answers",
        sa.Column("client", NAME, primary_key=True),
        sa.Column("idempotency_key", sa.String(255), primary_key=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("status_code", sa.SmallInteger(), comment="null: the call has not ended, or died"),
        sa.Column("body", JSONB()),
        sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
    )
    op.create_table(
        "events",
        sa.Column("event_id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="what it is about; told once for each kind"),
        sa.Column("details", JSONB(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
        sa.UniqueConstraint("kind", "subject", name="told_once"),
    )
    op.create_table(
        "deliveries",
        sa.Column("event_id", sa.BigInteger(), sa.ForeignKey("events.event_id"), primary_key=True),
        sa.Column("channel", NAME, primary_key=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", INSTANT),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    )


def downgrade() -> None:
    """Take it all away. Usage that no meter made does not fit any more: PostgreSQL refuses then."""
    for table in ("deliveries", "events", "answers", "units", "usage_changes"):
        op.drop_table(table)
    for name in ("usage_records_by_update", "usage_records_by_account"):
        op.drop_index(name, table_name="usage_records")
    for name in ("charge_has_a_number", "negative_where_allowed", "starts_before_it_ends", "quantity_in_range"):
        op.drop_constraint(name, "usage_records")
    op.create_check_constraint("starts_before_it_ends", "usage_records", "start_at < end_at")
    op.create_check_constraint("quantity_in_range", "usage_records", "quantity >= 0 AND quantity < 1e13")
    for name in ("end_at", "charge", "charge_number"):
        op.alter_column("usage_records", name, nullable=False, comment=None)
    for name in ("updated_at", "corrects", "unique_key", "negative_allowed"):
        op.drop_column("usage_records", name)
    for name in ("unfinished_imports", "imports_of_meters", "one_active_import"):
        op.drop_index(name, table_name="imports")
    for name in ("import_status_known", "meter_has_a_period", "source_type_known"):
        op.drop_constraint(name, "imports")
    for name in ("period", "meter"):
        op.alter_column("imports", name, nullable=False, comment=None)
    op.create_index(
        "one_active_import", "imports", ["meter", "period"], unique=True,
        postgresql_where=sa.text("superseded_by IS NULL"),
    )  # fmt: skip
    for name in (
        "updated_at", "updated_by", "created_by", "result_path", "original_path", "md5", "file_name", "reason",
        "diff", "altered_count", "status_reason", "name", "source_type", "slot",
    ):  # fmt: skip
        op.drop_column("imports", name)
