"""Closed periods: what a billed period was made of is sealed, and the seal stays."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for seals that nobody can change."""
    op.create_table(
        "closed_periods",
        sa.Column("closing_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("period", sa.String(length=22), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="of the manifest's bytes"),
        sa.Column("path", sa.Text(), nullable=False, comment="the manifest, below the home's closed folder"),
        sa.Column("closed_by", sa.String(length=100), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("closing_id"),
        sa.UniqueConstraint("period", "sha256", name="one_seal"),
    )
    op.execute(
        "CREATE TRIGGER final BEFORE UPDATE OR DELETE ON closed_periods FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER not_emptied BEFORE TRUNCATE ON closed_periods FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Forget the seals; their manifests stay where they are."""
    op.drop_table("closed_periods")
