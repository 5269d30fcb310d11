"""What became of usage: bill runs, rated items, exports, closed periods."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from pipeline.store.tables.columns import AMOUNT, HASH, ID, INSTANT, NAME, NOW, PERIOD, QUANTITY, metadata

bill_runs = sa.Table(
    "bill_runs", metadata,
    sa.Column("bill_run_id", ID, primary_key=True),
    sa.Column("period", PERIOD, nullable=False),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("validation", JSONB, nullable=False),
    sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
)  # fmt: skip

rated_items = sa.Table(
    "rated_items", metadata,
    sa.Column("item_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("bill_run_id", sa.ForeignKey("bill_runs.bill_run_id"), nullable=False),
    sa.Column("period", PERIOD, nullable=False),
    sa.Column("account_number", NAME, nullable=False),
    sa.Column("subscription_number", NAME, nullable=False),
    sa.Column("charge_number", NAME, nullable=False),
    sa.Column("charge", NAME, nullable=False),
    sa.Column("group_key", sa.Text, nullable=False),
    sa.Column("period_start", INSTANT, nullable=False),
    sa.Column("period_end", INSTANT, nullable=False),
    sa.Column("uom", NAME, nullable=False),
    sa.Column("quantity", QUANTITY, nullable=False),
    sa.Column("amount_total", AMOUNT, nullable=False, comment="what all usage of the group is worth"),
    sa.Column("billed_before", AMOUNT, nullable=False),
    sa.Column("amount", AMOUNT, nullable=False, comment="billed by this item"),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("breakdown", JSONB, nullable=False),
    sa.UniqueConstraint("bill_run_id", "charge_number", "period_start", "group_key", name="one_item"),
    sa.CheckConstraint("amount = amount_total - billed_before", name="bills_the_difference"),
)  # fmt: skip

rated_usage = sa.Table(
    "rated_usage", metadata,
    sa.Column("item_id", sa.ForeignKey("rated_items.item_id"), primary_key=True),
    sa.Column("record_id", sa.BigInteger, primary_key=True),
    sa.Column("period", PERIOD, nullable=False),
    sa.ForeignKeyConstraint(["period", "record_id"], ["usage_records.period", "usage_records.record_id"]),
)  # fmt: skip

rated_periods = sa.Table(
    "rated_periods",
    metadata,
    sa.Column("period", PERIOD, primary_key=True),
    sa.Column("rated_at", INSTANT, nullable=False, server_default=NOW, comment="last, whether or not anything was due"),
)

exports = sa.Table(
    "exports", metadata,
    sa.Column("path", sa.Text, primary_key=True, comment="below the home's exports; the name holds a hash"),
    sa.Column("period", PERIOD, nullable=False),
    sa.Column("what", NAME, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("control_total", sa.Numeric, nullable=False),
    sa.Column("sha256", HASH, nullable=False),
    sa.Column("written_at", INSTANT, nullable=False, server_default=NOW),
)  # fmt: skip

closed_periods = sa.Table(
    "closed_periods", metadata,
    sa.Column("closing_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("period", PERIOD, nullable=False),
    sa.Column("sha256", HASH, nullable=False, comment="of the manifest's bytes"),
    sa.Column("path", sa.Text, nullable=False, comment="the manifest, below the home's closed folder"),
    sa.Column("closed_by", NAME, nullable=False),
    sa.Column("closed_at", INSTANT, nullable=False, server_default=NOW),
    sa.UniqueConstraint("period", "sha256", name="one_seal"),
)  # fmt: skip
