"""Usage records in partitions: a period's first large load builds a partition of its own, all else shares one."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = """
    record_id, import_id, record_key, period, account_number, subscription_number, charge_number, charge, uom, quantity,
    negative_allowed, start_at, end_at, description, custom_fields, readings, samples_expected, samples_seen, status,
    superseded_by, bill_run_id, unique_key, corrects, updated_at
"""
FOREIGN = {
    "import_id": "imports",
    "account_number": "accounts",
    "charge_number": "subscribed_charges",
    "superseded_by": "imports",
    "bill_run_id": "bill_runs",
}
INDEXES = {
    "usage_records_by_import": "btree (import_id)",
    "usage_records_by_account": "btree (account_number)",
    "usage_records_by_update": "brin (updated_at)",
}
REFUSE_TRUNCATE = "CREATE TRIGGER not_emptied BEFORE TRUNCATE ON {} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
REFUSE_PROCESSED = (
    "CREATE TRIGGER processed_is_final BEFORE UPDATE OR DELETE ON usage_records "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_processed()"
)


def upgrade() -> None:
    """Bring all records into the shared partition."""
    _link_by_period()
    op.execute("ALTER TABLE usage_records RENAME TO usage_records_before")
    op.execute("CREATE SEQUENCE usage_record_ids AS bigint")
    op.execute(
        "SELECT setval('usage_record_ids', (SELECT coalesce(max(record_id), 0) + 1 FROM usage_records_before), false)"
    )
    op.execute(
        "CREATE TABLE usage_records (LIKE usage_records_before INCLUDING CONSTRAINTS INCLUDING DEFAULTS "
        "INCLUDING COMMENTS) PARTITION BY LIST (period)"
    )
    op.execute("ALTER TABLE usage_records ALTER record_id SET DEFAULT nextval('usage_record_ids')")
    op.execute("CREATE TABLE usage_records_shared PARTITION OF usage_records DEFAULT")
    _fill("usage_records")
    _constrain("PRIMARY KEY (period, record_id)", "(record_key, period)", INDEXES)
    _link_rated("(period, record_id)")
    for table in ("usage_records", "usage_records_shared"):
        op.execute(REFUSE_TRUNCATE.format(table))


def _link_by_period() -> None:
    """Let what was rated name the period of its usage too: a partitioned table is known by that first."""
    op.drop_constraint("rated_usage_record_id_fkey", "rated_usage")
    op.execute("DROP TRIGGER final ON rated_usage")
    op.add_column("rated_usage", sa.Column("period", sa.String(22)))
    op.execute(
        "UPDATE rated_usage SET period = rated_items.period FROM rated_items "
        "WHERE rated_items.item_id = rated_usage.item_id"
    )
    op.alter_column("rated_usage", "period", nullable=False)


def _fill(table: str) -> None:
    op.execute(f"INSERT INTO {table} ({COLUMNS}) SELECT {COLUMNS} FROM usage_records_before")  # noqa: S608 constants
    op.execute("DROP TABLE usage_records_before")


def _constrain(primary_key: str, active_key: str, indexes: dict[str, str]) -> None:
    op.execute(f"ALTER TABLE usage_records ADD {primary_key}")
    for column, table in FOREIGN.items():
        op.execute(f"ALTER TABLE usage_records ADD FOREIGN KEY ({column}) REFERENCES {table}")
    op.execute(f"CREATE UNIQUE INDEX one_active_record ON usage_records {active_key} WHERE superseded_by IS NULL")
    for name, columns in indexes.items():
        op.execute(f"CREATE INDEX {name} ON usage_records USING {columns}")
    op.execute(REFUSE_PROCESSED)


def _link_rated(columns: str) -> None:
    op.execute(f"ALTER TABLE rated_usage ADD FOREIGN KEY {columns} REFERENCES usage_records {columns}")
    op.execute(
        "CREATE TRIGGER final BEFORE UPDATE OR DELETE ON rated_usage FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Bring all records into one plain table again."""
    op.drop_constraint("rated_usage_period_record_id_fkey", "rated_usage")
    op.execute("DROP TRIGGER final ON rated_usage")
    op.drop_column("rated_usage", "period")
    op.execute("ALTER TABLE usage_records RENAME TO usage_records_before")
    op.execute(
        "CREATE TABLE usage_records (LIKE usage_records_before INCLUDING CONSTRAINTS INCLUDING DEFAULTS "
        "INCLUDING COMMENTS)"
    )
    op.execute("ALTER TABLE usage_records ALTER record_id DROP DEFAULT")
    _fill("usage_records")
    op.execute("DROP SEQUENCE usage_record_ids")
    op.execute("ALTER TABLE usage_records ALTER record_id ADD GENERATED ALWAYS AS IDENTITY")
    op.execute(
        "SELECT setval(pg_get_serial_sequence('usage_records', 'record_id'), "
        "(SELECT coalesce(max(record_id), 0) + 1 FROM usage_records), false)"
    )
    before = {
        "usage_records_by_import": "btree (import_id)",
        "usage_records_by_period": "btree (period, status)",
        "usage_records_by_account": "btree (account_number)",
        "usage_records_by_update": "btree (updated_at)",
    }
    _constrain("PRIMARY KEY (record_id)", "(record_key)", before)
    _link_rated("(record_id)")
    op.execute(REFUSE_TRUNCATE.format("usage_records"))
