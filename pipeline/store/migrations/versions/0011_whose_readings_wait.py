"""Whose readings a ledger has in quarantine, by the names that they bear: it is stale once one of them has a charge."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the names. Of ledgers from before they are not known: these are run by hand once whoever it is is registered."""
    op.create_table(
        "ledger_strangers",
        sa.Column("meter", sa.String(100), nullable=False),
        sa.Column("period", sa.String(22), nullable=False),
        sa.Column("account", sa.Text, nullable=False, comment="as the readings name it, however long"),
        sa.Column("subscription", sa.Text, nullable=False, comment="empty where they name none"),
        sa.ForeignKeyConstraint(["meter", "period"], ["ledgers.meter", "ledgers.period"]),
    )
    op.create_index("ledger_strangers_by_ledger", "ledger_strangers", ["meter", "period"])


def downgrade() -> None:
    """Forget them."""
    op.drop_table("ledger_strangers")
