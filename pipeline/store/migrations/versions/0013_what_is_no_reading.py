"""Rows that are no readings, and no faults either."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

PLACED = "every_row_has_a_place"


def upgrade() -> None:
    """Count them; of what has landed already every row that is no reading is quarantined."""
    left_out = sa.Column(
        "left_out", sa.BigInteger, nullable=False, server_default="0", comment="no readings, as declared"
    )
    op.add_column("landed_files", left_out)
    op.drop_constraint(PLACED, "landed_files")
    op.create_check_constraint(PLACED, "landed_files", "rows = readings + quarantined + left_out")


def downgrade() -> None:
    """Count them as quarantined again."""
    op.drop_constraint(PLACED, "landed_files")
    op.execute("UPDATE landed_files SET quarantined = quarantined + left_out")
    op.drop_column("landed_files", "left_out")
    op.create_check_constraint(PLACED, "landed_files", "rows = readings + quarantined")
