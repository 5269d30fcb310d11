"""What was sent to a billing platform, so that nothing is sent twice and no outcome stays unknown."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the files, the records that they say, and up to when each period was looked through."""
    op.create_table(
        "sent_files",
        sa.Column("file_id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("target", sa.Text(), nullable=False, comment="the platform's address, without what lets a sender in"),
        sa.Column("period", sa.String(22), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False, comment="which of the files that were sent for its period"),
        sa.Column("file_name", sa.String(50), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the bytes"),
        sa.Column("bytes", sa.LargeBinary(), comment="a zip; forgotten once the platform's answer is final"),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("control_total", sa.Numeric(), nullable=False),
        sa.Column("state", sa.String(100), nullable=False, server_default="to send", comment="unknown: it was sent, and no answer came"),
        sa.Column("import_id", sa.Text(), comment="as the platform names it"),
        sa.Column("reason", sa.Text(), nullable=False, server_default="", comment="why it failed"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.UniqueConstraint("target", "period", "part", name="one_file_of_a_number"),
        sa.CheckConstraint("state IN ('to send', 'unknown', 'sent', 'confirmed', 'failed')", name="sending_state_known"),
        sa.CheckConstraint("state NOT IN ('sent', 'confirmed') OR import_id IS NOT NULL", name="sent_has_an_import"),
        sa.CheckConstraint("(bytes IS NULL) = (state IN ('confirmed', 'failed'))", name="bytes_until_it_is_final"),
    )  # fmt: skip
    op.create_table(
        "sent_periods",
        sa.Column("target", sa.Text(), primary_key=True),
        sa.Column("period", sa.String(22), primary_key=True),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=False, comment="what was changed before this instant is in its files"),
    )  # fmt: skip
    op.create_table(
        "sent_records",
        sa.Column("file_id", sa.BigInteger(), sa.ForeignKey("sent_files.file_id"), primary_key=True),
        sa.Column("unique_key", sa.String(254), primary_key=True, comment="as the platform knows the record"),
        sa.Column("content", postgresql.JSONB(), nullable=False, comment="all that the file says of it"),
    )  # fmt: skip
    op.create_index("sent_records_by_key", "sent_records", ["unique_key"])


def downgrade() -> None:
    """Forget what was sent: a later sending sends all of it again, under the same keys."""
    op.drop_table("sent_records")
    op.drop_table("sent_periods")
    op.drop_table("sent_files")
