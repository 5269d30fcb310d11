"""Rows that are no readings, and no faults either; files that are quarantined whole, and are to stay so."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PLACED, DISMISSED = "every_row_has_a_place", "dismissed_by_whom"


def upgrade() -> None:
    """Count such rows, none of what has landed already; and name who dismissed such a file, when and why."""
    left_out = sa.Column(
        "left_out", sa.BigInteger, nullable=False, server_default="0", comment="no readings, as declared"
    )
    op.add_column("landed_files", left_out)
    op.drop_constraint(PLACED, "landed_files")
    op.create_check_constraint(PLACED, "landed_files", "rows = readings + quarantined + left_out")
    by = "who said that a file which is quarantined whole is to stay so"
    op.add_column("arrivals", sa.Column("dismissed_by", sa.String(100), comment=by))
    op.add_column("arrivals", sa.Column("dismissed_at", sa.DateTime(timezone=True)))
    op.add_column("arrivals", sa.Column("dismissed_reason", sa.Text))
    together = "num_nulls(dismissed_by, dismissed_at, dismissed_reason) IN (0, 3)"
    op.create_check_constraint(DISMISSED, "arrivals", together)


def downgrade() -> None:
    """Count such rows as quarantined, and forget who dismissed a file."""
    for name in ("dismissed_by", "dismissed_at", "dismissed_reason"):  # the check goes with them
        op.drop_column("arrivals", name)
    op.drop_constraint(PLACED, "landed_files")
    op.execute("UPDATE landed_files SET quarantined = quarantined + left_out")
    op.drop_column("landed_files", "left_out")
    op.create_check_constraint(PLACED, "landed_files", "rows = readings + quarantined")
