"""Indexes by which a call and a page find what they ask for, however much the store holds."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INDEXES = {
    "usage_records_by_number": ("usage_records", "record_id"),
    "subscribed_charges_by_account": ("subscribed_charges", "account_number"),
    "subscribed_charges_by_subscription": ("subscribed_charges", "subscription_number"),
    "imports_by_creation": ("imports", "created_at"),
}


def upgrade() -> None:
    """Add them. A record's number stood behind its period, where only PostgreSQL 18 finds it without a search."""
    for name, (table, column) in INDEXES.items():
        op.create_index(name, table, [column])


def downgrade() -> None:
    """Search again."""
    for name in INDEXES:
        op.drop_index(name)
