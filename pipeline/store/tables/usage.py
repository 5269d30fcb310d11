"""Who is billed, and the usage: imports, records, and what was changed of them by hand."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from pipeline.store.tables.columns import HASH, ID, INSTANT, NAME, NOW, PERIOD, QUANTITY, metadata

accounts = sa.Table(
    "accounts", metadata,
    sa.Column("account_number", NAME, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("time_zone", NAME, nullable=False),
    sa.Column("status", NAME, nullable=False),
    sa.Column("bill_cycle_day", sa.SmallInteger, nullable=False, server_default="1"),
    sa.Column("batch", NAME, nullable=False, server_default="",
        comment="the accounts of one batch may be billed apart"),
    sa.CheckConstraint("bill_cycle_day BETWEEN 1 AND 31", name="bill_cycle_day_known"),
)  # fmt: skip

subscribed_charges = sa.Table(
    "subscribed_charges", metadata,
    sa.Column("charge_number", NAME, primary_key=True),
    sa.Column("subscription_number", NAME, nullable=False),
    sa.Column("account_number", sa.ForeignKey("accounts.account_number"), nullable=False),
    sa.Column("charge", NAME, nullable=False),
    sa.Column("start_at", INSTANT, nullable=False),
    sa.Column("end_at", INSTANT),
    sa.Column("status", NAME, nullable=False),
)  # fmt: skip

sa.Index("subscribed_charges_by_account", subscribed_charges.c.account_number)
sa.Index("subscribed_charges_by_subscription", subscribed_charges.c.subscription_number)

subscription_changes = sa.Table(
    "subscription_changes", metadata,
    sa.Column("change_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("charge_number", sa.ForeignKey("subscribed_charges.charge_number"), nullable=False),
    sa.Column("start_at", INSTANT, comment="before the change; null: there was none"),
    sa.Column("end_at", INSTANT),
    sa.Column("status", NAME, nullable=False),
    sa.Column("account_status", NAME, nullable=False),
)  # fmt: skip

imports = sa.Table(
    "imports", metadata,
    sa.Column("import_id", ID, primary_key=True),
    sa.Column("slot", sa.Text, nullable=False, comment="what has one active import: a meter's period, or one content"),
    sa.Column("source_type", NAME, nullable=False, comment="Meter, File or API"),
    sa.Column("name", NAME, nullable=False),
    sa.Column("meter", NAME, comment="of a Meter's import"),
    sa.Column("period", PERIOD, comment="of a Meter's import"),
    sa.Column("content_hash", HASH, nullable=False),
    sa.Column("follows", sa.ForeignKey("imports.import_id")),
    sa.Column("superseded_by", ID),
    sa.Column("status", NAME, nullable=False),
    sa.Column("status_reason", sa.String(2000), nullable=False, server_default=""),
    sa.Column("total_count", sa.BigInteger, nullable=False),
    sa.Column("imported_count", sa.BigInteger, nullable=False),
    sa.Column("altered_count", sa.BigInteger, nullable=False, server_default="0", comment="records that were changed "
        "one by one since: deleted, updated, or taken over by a record of the same unique key"),
    sa.Column("control_total", sa.Numeric, nullable=False),
    sa.Column("validation", JSONB, nullable=False),
    sa.Column("docs", sa.Text, nullable=False),
    sa.Column("diff", JSONB, comment="what it added, changed and removed, against what the store held"),
    sa.Column("reason", sa.Text, nullable=False, server_default="", comment="why, where somebody had to say so"),
    sa.Column("file_name", sa.String(50), comment="of an upload, as it was sent"),
    sa.Column("md5", ID),
    sa.Column("original_path", sa.Text, comment="the uploaded bytes, below the home's imports folder"),
    sa.Column("result_path", sa.Text, comment="what became of every row, below the home's imports folder"),
    sa.Column("created_by", NAME, nullable=False, server_default="meterbridge"),
    sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
    sa.Column("updated_by", NAME, nullable=False, server_default="meterbridge"),
    sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    sa.CheckConstraint("source_type IN ('Meter', 'File', 'API')", name="source_type_known"),
    sa.CheckConstraint(
        "(source_type = 'Meter') = (meter IS NOT NULL AND period IS NOT NULL)", name="meter_has_a_period"
    ),
    sa.CheckConstraint(
        "status IN ('Pending', 'Processing', 'Completed', 'Failed', 'Canceled')", name="import_status_known"
    ),
)  # fmt: skip
sa.Index("one_active_import", imports.c.slot, unique=True, postgresql_where=imports.c.superseded_by.is_(None))
sa.Index("imports_by_creation", imports.c.created_at)
sa.Index("imports_of_meters", imports.c.meter, imports.c.period)
sa.Index("unfinished_imports", imports.c.created_at, postgresql_where=imports.c.status.in_(("Pending", "Processing")))

import_files = sa.Table(
    "import_files", metadata,
    sa.Column("import_id", sa.ForeignKey("imports.import_id"), primary_key=True),
    sa.Column("source", NAME, primary_key=True),
    sa.Column("file_id", HASH, primary_key=True),
    sa.ForeignKeyConstraint(["source", "file_id"], ["landed_files.source", "landed_files.file_id"]),
)  # fmt: skip

record_ids = sa.Sequence("usage_record_ids", metadata=metadata, data_type=sa.BigInteger)

usage_records = sa.Table(
    "usage_records", metadata,
    sa.Column("record_id", sa.BigInteger, primary_key=True, server_default=record_ids.next_value()),
    sa.Column("import_id", sa.ForeignKey("imports.import_id"), nullable=False),
    sa.Column("record_key", HASH, nullable=False),
    sa.Column("period", PERIOD, primary_key=True),
    sa.Column("account_number", sa.ForeignKey("accounts.account_number"), nullable=False),
    sa.Column("subscription_number", NAME, nullable=False),
    sa.Column("charge_number", sa.ForeignKey("subscribed_charges.charge_number"), comment="null: no charge matches"),
    sa.Column("charge", NAME),
    sa.Column("uom", NAME, nullable=False),
    sa.Column("quantity", QUANTITY, nullable=False),
    sa.Column("negative_allowed", sa.Boolean, nullable=False, server_default=sa.false(), comment="by its charge"),
    sa.Column("start_at", INSTANT, nullable=False),
    sa.Column("end_at", INSTANT, comment="exclusive; null where an upload names none"),
    sa.Column("description", sa.String(200), nullable=False),
    sa.Column("custom_fields", JSONB, nullable=False),
    sa.Column("readings", sa.BigInteger, nullable=False),
    sa.Column("samples_expected", sa.BigInteger, comment="where the source says how far apart its samples are"),
    sa.Column("samples_seen", sa.BigInteger),
    sa.Column("status", NAME, nullable=False, server_default="Pending"),
    sa.Column("superseded_by", sa.ForeignKey("imports.import_id")),
    sa.Column("bill_run_id", sa.ForeignKey("bill_runs.bill_run_id")),
    sa.Column("unique_key", sa.String(254), comment="of an upload or a call: it names the record for good"),
    sa.Column("corrects", sa.BigInteger, comment="of an adjustment: the Processed record that it corrects"),
    sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    # NaN and Infinity fail it too.
    sa.CheckConstraint("quantity > -1e13 AND quantity < 1e13", name="quantity_in_range"),
    sa.CheckConstraint("quantity >= 0 OR negative_allowed", name="negative_where_allowed"),
    sa.CheckConstraint("start_at <= end_at", name="starts_before_it_ends"),
    sa.CheckConstraint("(charge IS NULL) = (charge_number IS NULL)", name="charge_has_a_number"),
    sa.PrimaryKeyConstraint("period", "record_id"),
    sa.CheckConstraint("status IN ('Pending', 'Processed')", name="status_known"),
    sa.CheckConstraint("(status = 'Processed') = (bill_run_id IS NOT NULL)", name="processed_by_a_bill_run"),
    sa.CheckConstraint("status = 'Pending' OR superseded_by IS NULL", name="processed_is_never_superseded"),
    postgresql_partition_by="LIST (period)",
)  # fmt: skip
ACTIVE = usage_records.c.superseded_by.is_(None)
"""The condition of a record that counts: no later import took its place."""

sa.Index(
    "one_active_record",
    usage_records.c.record_key,
    usage_records.c.period,
    unique=True,
    postgresql_where=ACTIVE,
)
sa.Index("usage_records_by_number", usage_records.c.record_id)
sa.Index("usage_records_by_import", usage_records.c.import_id)
sa.Index("usage_records_by_account", usage_records.c.account_number)
sa.Index("usage_records_by_update", usage_records.c.updated_at, postgresql_using="brin")

usage_changes = sa.Table(
    "usage_changes", metadata,
    sa.Column("change_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("action", NAME, nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False, comment="a deleted record is here alone"),
    sa.Column("import_id", sa.ForeignKey("imports.import_id"), nullable=False),
    sa.Column("readings", sa.BigInteger, nullable=False, comment="behind a deleted record; 0 for an update"),
    sa.Column("before", JSONB, nullable=False, comment="the whole record"),
    sa.Column("after", JSONB, comment="null: it was deleted"),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_by", NAME, nullable=False),
    sa.Column("changed_at", INSTANT, nullable=False, server_default=NOW),
    sa.CheckConstraint("action IN ('update', 'delete')", name="action_known"),
    sa.CheckConstraint("(action = 'delete') = (after IS NULL)", name="deleted_leaves_nothing"),
)  # fmt: skip
sa.Index("usage_changes_by_record", usage_changes.c.record_id)
sa.Index("usage_changes_by_import", usage_changes.c.import_id)

units = sa.Table(
    "units", metadata,
    sa.Column("uom", NAME, primary_key=True),
    sa.Column("definition", JSONB, nullable=False, comment="as a unit stands in the catalog's units.yaml"),
    sa.Column("created_by", NAME, nullable=False),
    sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
    sa.Column("updated_by", NAME, nullable=False),
    sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
)  # fmt: skip
