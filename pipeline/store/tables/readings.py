"""What landed, what is quarantined, and where every reading is."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from pipeline.store.tables.columns import HASH, INSTANT, NAME, NOW, PERIOD, metadata

landed_files = sa.Table(
    "landed_files", metadata,
    sa.Column("source", NAME, primary_key=True),
    sa.Column("file_id", HASH, primary_key=True, comment="hash of the content, whatever its order or wrapping"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("readings", sa.BigInteger, nullable=False),
    sa.Column("quarantined", sa.BigInteger, nullable=False),
    sa.Column("left_out", sa.BigInteger, nullable=False, server_default="0", comment="no readings, as declared"),
    sa.Column("at_us_min", sa.BigInteger),
    sa.Column("at_us_max", sa.BigInteger),
    sa.Column("path", sa.Text, nullable=False, comment="Parquet, below the home's readings folder"),
    sa.Column("landed_at", INSTANT, nullable=False, server_default=NOW),
    sa.Column("replaced_by", HASH, comment="what the same raw file landed as under later rules"),
    sa.CheckConstraint("rows = readings + quarantined + left_out", name="every_row_has_a_place"),
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
    sa.Column("dismissed_by", NAME, comment="who said that a file which is quarantined whole is to stay so"),
    sa.Column("dismissed_at", INSTANT),
    sa.Column("dismissed_reason", sa.Text),
    sa.ForeignKeyConstraint(["source", "file_id"], ["landed_files.source", "landed_files.file_id"]),
    sa.CheckConstraint("(file_id IS NULL) <> (reason IS NULL)", name="landed_or_quarantined"),
    sa.CheckConstraint("num_nulls(dismissed_by, dismissed_at, dismissed_reason) IN (0, 3)", name="dismissed_by_whom"),
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
    sa.Column("changes_seen", sa.BigInteger, nullable=False, server_default="0",
        comment="the last of subscription_changes that it knows"),
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

ledger_strangers = sa.Table(
    "ledger_strangers", metadata,
    sa.Column("meter", NAME, nullable=False),
    sa.Column("period", PERIOD, nullable=False),
    # No key: what a raw file calls an account can be too long for an index.
    sa.Column("account", sa.Text, nullable=False, comment="as the readings name it, however long"),
    sa.Column("subscription", sa.Text, nullable=False, comment="empty where they name none"),
    sa.ForeignKeyConstraint(["meter", "period"], ["ledgers.meter", "ledgers.period"]),
    sa.Index("ledger_strangers_by_ledger", "meter", "period"),
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
