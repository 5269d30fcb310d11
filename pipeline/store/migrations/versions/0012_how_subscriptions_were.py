"""How subscriptions were before they were changed: a ledger is derived again once one leads its readings elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Begin to keep them. What was changed before is not known: its periods are run by hand."""
    op.create_table(
        "subscription_changes",
        sa.Column("change_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("charge_number", sa.String(100), sa.ForeignKey("subscribed_charges.charge_number"), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), comment="before the change; null: there was none"),
        sa.Column("end_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.String(100), nullable=False),
        sa.Column("account_status", sa.String(100), nullable=False),
    )
    op.add_column(
        "ledgers",
        sa.Column("changes_seen", sa.BigInteger, nullable=False, server_default="0",
            comment="the last of subscription_changes that it knows"),
    )  # fmt: skip


def downgrade() -> None:
    """Forget them."""
    op.drop_column("ledgers", "changes_seen")
    op.drop_table("subscription_changes")
