"""What was sent to a billing platform: the files, and the records that each of them says."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from pipeline.store.tables.columns import HASH, INSTANT, NAME, NOW, PERIOD, metadata

sent_files = sa.Table(
    "sent_files", metadata,
    sa.Column("file_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("target", sa.Text, nullable=False, comment="the platform's address, without what lets a sender in"),
    sa.Column("period", PERIOD, nullable=False),
    sa.Column("part", sa.Integer, nullable=False, comment="which of the files that were sent for its period"),
    sa.Column("file_name", sa.String(50), nullable=False),
    sa.Column("sha256", HASH, nullable=False, comment="of the bytes"),
    sa.Column("bytes", sa.LargeBinary, comment="a zip; forgotten once the platform's answer is final"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("control_total", sa.Numeric, nullable=False),
    sa.Column("state", NAME, nullable=False, server_default="to send",
        comment="unknown: it was sent, and no answer came"),
    sa.Column("import_id", sa.Text, comment="as the platform names it"),
    sa.Column("reason", sa.Text, nullable=False, server_default="", comment="why it failed"),
    sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
    sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    sa.UniqueConstraint("target", "period", "part", name="one_file_of_a_number"),
    sa.CheckConstraint("state IN ('to send', 'unknown', 'sent', 'confirmed', 'failed')", name="sending_state_known"),
    sa.CheckConstraint("state NOT IN ('sent', 'confirmed') OR import_id IS NOT NULL", name="sent_has_an_import"),
    sa.CheckConstraint("(bytes IS NULL) = (state IN ('confirmed', 'failed'))", name="bytes_until_it_is_final"),
)  # fmt: skip

sent_periods = sa.Table(
    "sent_periods", metadata,
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("period", PERIOD, primary_key=True),
    sa.Column("seen_until", INSTANT, nullable=False, comment="what was changed before this instant is in its files"),
)  # fmt: skip

sent_records = sa.Table(
    "sent_records", metadata,
    sa.Column("file_id", sa.ForeignKey("sent_files.file_id"), primary_key=True),
    sa.Column("unique_key", sa.String(254), primary_key=True, comment="as the platform knows the record"),
    sa.Column("content", JSONB, nullable=False, comment="all that the file says of it"),
)  # fmt: skip
sa.Index("sent_records_by_key", sent_records.c.unique_key)
