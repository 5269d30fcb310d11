"""What a ledger was made of: the span of time that was looked at, and the landed files; anything newer makes it stale."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the span and the files. Of ledgers from before, the span is not known: nothing makes them stale."""
    op.add_column("ledgers", sa.Column("source", sa.String(100)))
    op.add_column("ledgers", sa.Column("from_us", sa.BigInteger(), comment="null: a reading of any age mattered"))
    op.add_column("ledgers", sa.Column("until_us", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "ledger_files",
        sa.Column("meter", sa.String(100), primary_key=True),
        sa.Column("period", sa.String(22), primary_key=True),
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("file_id", sa.String(64), primary_key=True),
        sa.ForeignKeyConstraint(["meter", "period"], ["ledgers.meter", "ledgers.period"]),
        sa.ForeignKeyConstraint(["source", "file_id"], ["landed_files.source", "landed_files.file_id"]),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("ledger_files")
    for name in ("until_us", "from_us", "source"):
        op.drop_column("ledgers", name)
