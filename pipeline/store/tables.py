"""The usage store's tables. The migrations build them; a test holds the two against each other."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

metadata = sa.MetaData()
HASH = sa.String(64)
ID = sa.String(32)
NAME = sa.String(100)
PERIOD = sa.String(22)  # 2014-02, or 2014-02-15--2014-03-15
QUANTITY = sa.Numeric(22, 9)
AMOUNT = sa.Numeric(30, 9)
INSTANT = sa.DateTime(timezone=True)
NOW = sa.func.now()

accounts = sa.Table(
    "accounts", metadata,
    sa.Column("account_number", NAME, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("time_zone", NAME, nullable=False),
    sa.Column("status", NAME, nullable=False),
    sa.Column("bill_cycle_day", sa.SmallInteger, nullable=False, server_default="1"),
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

landed_files = sa.Table(
    "landed_files", metadata,
    sa.Column("source", NAME, primary_key=True),
    sa.Column("file_id", HASH, primary_key=True, comment="hash of the content, whatever its order or wrapping"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("readings", sa.BigInteger, nullable=False),
    sa.Column("quarantined", sa.BigInteger, nullable=False),
    sa.Column("at_us_min", sa.BigInteger),
    sa.Column("at_us_max", sa.BigInteger),
    sa.Column("path", sa.Text, nullable=False, comment="Parquet, below the home's readings folder"),
    sa.Column("landed_at", INSTANT, nullable=False, server_default=NOW),
    sa.Column("replaced_by", HASH, comment="what the same raw file landed as under later rules"),
    sa.CheckConstraint("rows = readings + quarantined", name="every_row_has_a_place"),
)  # fmt: skip

arrivals = sa.Table(
    "arrivals", metadata,
    sa.Column("source", NAME, primary_key=True),
    sa.Column("sha256", HASH, primary_key=True, comment="of the raw file's bytes"),
    # The same bytes at another path can be another account's: quiet meters write equal files.
    sa.Column("uri", sa.Text, primary_key=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("file_id", HASH, comment="what it landed as; null for a file that is quarantined whole"),
    sa.Column("reason", sa.Text, comment="why it is quarantined whole"),
    sa.Column("version", sa.Text, comment="by which a remote file is known again without being read"),
    sa.Column("columns", JSONB, comment="names that the file has"),
    sa.Column("warning", sa.Text, comment="what is unusual about it"),
    sa.Column("arrived_at", INSTANT, nullable=False, server_default=NOW),
    sa.ForeignKeyConstraint(["source", "file_id"], ["landed_files.source", "landed_files.file_id"]),
    sa.CheckConstraint("(file_id IS NULL) <> (reason IS NULL)", name="landed_or_quarantined"),
)  # fmt: skip

quarantined_rows = sa.Table(
    "quarantined_rows", metadata,
    sa.Column("source", NAME, primary_key=True),
    sa.Column("file_id", HASH, primary_key=True),
    sa.Column("row", sa.BigInteger, primary_key=True, comment="1 is the first data row of the raw file"),
    sa.Column("reason", NAME, nullable=False),
    sa.Column("raw", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(["source", "file_id"], ["landed_files.source", "landed_files.file_id"]),
)  # fmt: skip

extractions = sa.Table(
    "extractions", metadata,
    sa.Column("source", NAME, primary_key=True),
    sa.Column("until", INSTANT, nullable=False, comment="every file that had arrived by then has been taken"),
    sa.Column("watermark", sa.Text, comment="the highest that a query has given"),
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
sa.Index("imports_of_meters", imports.c.meter, imports.c.period)
sa.Index("unfinished_imports", imports.c.created_at, postgresql_where=imports.c.status.in_(("Pending", "Processing")))

import_files = sa.Table(
    "import_files", metadata,
    sa.Column("import_id", sa.ForeignKey("imports.import_id"), primary_key=True),
    sa.Column("source", NAME, primary_key=True),
    sa.Column("file_id", HASH, primary_key=True),
    sa.ForeignKeyConstraint(["source", "file_id"], ["landed_files.source", "landed_files.file_id"]),
)  # fmt: skip

bill_runs = sa.Table(
    "bill_runs", metadata,
    sa.Column("bill_run_id", ID, primary_key=True),
    sa.Column("period", PERIOD, nullable=False),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("validation", JSONB, nullable=False),
    sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
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
sa.Index(
    "one_active_record",
    usage_records.c.record_key,
    usage_records.c.period,
    unique=True,
    postgresql_where=usage_records.c.superseded_by.is_(None),
)
sa.Index("usage_records_by_import", usage_records.c.import_id)
sa.Index("usage_records_by_account", usage_records.c.account_number)
sa.Index("usage_records_by_update", usage_records.c.updated_at, postgresql_using="brin")

rated_items = sa.Table(
    "rated_items", metadata,
    sa.Column("item_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("bill_run_id", sa.ForeignKey("bill_runs.bill_run_id"), nullable=False),
    sa.Column("period", PERIOD, nullable=False),
    sa.Column("account_number", NAME, nullable=False),
    sa.Column("subscription_number", NAME, nullable=False),
    sa.Column("charge_number", NAME, nullable=False),
    sa.Column("charge", NAME, nullable=False),
    sa.Column("group_key", sa.Text, nullable=False),
    sa.Column("period_start", INSTANT, nullable=False),
    sa.Column("period_end", INSTANT, nullable=False),
    sa.Column("uom", NAME, nullable=False),
    sa.Column("quantity", QUANTITY, nullable=False),
    sa.Column("amount_total", AMOUNT, nullable=False, comment="what all usage of the group is worth"),
    sa.Column("billed_before", AMOUNT, nullable=False),
    sa.Column("amount", AMOUNT, nullable=False, comment="billed by this item"),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("breakdown", JSONB, nullable=False),
    sa.UniqueConstraint("bill_run_id", "charge_number", "period_start", "group_key", name="one_item"),
    sa.CheckConstraint("amount = amount_total - billed_before", name="bills_the_difference"),
)  # fmt: skip

rated_usage = sa.Table(
    "rated_usage", metadata,
    sa.Column("item_id", sa.ForeignKey("rated_items.item_id"), primary_key=True),
    sa.Column("record_id", sa.BigInteger, primary_key=True),
    sa.Column("period", PERIOD, nullable=False),
    sa.ForeignKeyConstraint(["period", "record_id"], ["usage_records.period", "usage_records.record_id"]),
)  # fmt: skip

ledgers = sa.Table(
    "ledgers", metadata,
    sa.Column("meter", NAME, primary_key=True),
    sa.Column("period", PERIOD, primary_key=True),
    sa.Column("landed", sa.BigInteger, nullable=False),
    sa.Column("outcome", NAME, nullable=False),
    sa.Column("import_id", sa.ForeignKey("imports.import_id")),
    sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    sa.Column("source", NAME),
    sa.Column("from_us", sa.BigInteger, comment="null: a reading of any age mattered"),
    sa.Column("until_us", sa.BigInteger, nullable=False, server_default="0"),
)  # fmt: skip

ledger_files = sa.Table(
    "ledger_files", metadata,
    sa.Column("meter", NAME, primary_key=True),
    sa.Column("period", PERIOD, primary_key=True),
    sa.Column("source", NAME, primary_key=True),
    sa.Column("file_id", HASH, primary_key=True),
    sa.ForeignKeyConstraint(["meter", "period"], ["ledgers.meter", "ledgers.period"]),
    sa.ForeignKeyConstraint(["source", "file_id"], ["landed_files.source", "landed_files.file_id"]),
)  # fmt: skip

ledger_lines = sa.Table(
    "ledger_lines", metadata,
    sa.Column("meter", NAME, primary_key=True),
    sa.Column("period", PERIOD, primary_key=True),
    sa.Column("place", NAME, primary_key=True, comment="billed and pending are not kept here: the records tell them"),
    sa.Column("reason", NAME, primary_key=True),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(["meter", "period"], ["ledgers.meter", "ledgers.period"]),
)  # fmt: skip

rated_periods = sa.Table(
    "rated_periods",
    metadata,
    sa.Column("period", PERIOD, primary_key=True),
    sa.Column("rated_at", INSTANT, nullable=False, server_default=NOW, comment="last, whether or not anything was due"),
)

exports = sa.Table(
    "exports", metadata,
    sa.Column("path", sa.Text, primary_key=True, comment="below the home's exports; the name holds a hash"),
    sa.Column("period", PERIOD, nullable=False),
    sa.Column("what", NAME, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("control_total", sa.Numeric, nullable=False),
    sa.Column("sha256", HASH, nullable=False),
    sa.Column("written_at", INSTANT, nullable=False, server_default=NOW),
)  # fmt: skip

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

answers = sa.Table(
    "answers", metadata,
    sa.Column("client", NAME, primary_key=True),
    sa.Column("idempotency_key", sa.String(255), primary_key=True),
    sa.Column("request_hash", HASH, nullable=False),
    sa.Column("status_code", sa.SmallInteger, comment="null: the call has not ended, or died"),
    sa.Column("body", JSONB),
    sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
)  # fmt: skip

events = sa.Table(
    "events", metadata,
    sa.Column("event_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("kind", NAME, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, comment="what it is about; told once for each kind"),
    sa.Column("details", JSONB, nullable=False),
    sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
    sa.UniqueConstraint("kind", "subject", name="told_once"),
)  # fmt: skip

deliveries = sa.Table(
    "deliveries", metadata,
    sa.Column("event_id", sa.ForeignKey("events.event_id"), primary_key=True),
    sa.Column("channel", NAME, primary_key=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("delivered_at", INSTANT),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
)  # fmt: skip

closed_periods = sa.Table(
    "closed_periods", metadata,
    sa.Column("closing_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("period", PERIOD, nullable=False),
    sa.Column("sha256", HASH, nullable=False, comment="of the manifest's bytes"),
    sa.Column("path", sa.Text, nullable=False, comment="the manifest, below the home's closed folder"),
    sa.Column("closed_by", NAME, nullable=False),
    sa.Column("closed_at", INSTANT, nullable=False, server_default=NOW),
    sa.UniqueConstraint("period", "sha256", name="one_seal"),
)  # fmt: skip
