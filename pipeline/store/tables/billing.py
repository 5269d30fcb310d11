"""What became of usage: bill runs, rated items, invoices, exports, closed periods."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from pipeline.store.tables.columns import AMOUNT, HASH, ID, INSTANT, NAME, NOW, PERIOD, QUANTITY, metadata

bill_runs = sa.Table(
    "bill_runs", metadata,
    sa.Column("bill_run_id", ID, primary_key=True),
    sa.Column("period", PERIOD, nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False, comment="which of its period's bill runs it is, from 1"),
    sa.Column("status", NAME, nullable=False, server_default="draft"),
    sa.Column("batch", NAME, comment="of accounts; null: all of them"),
    sa.Column("target_date", sa.Date, comment="of a period that still runs: usage before it is billed, on demand"),
    sa.Column("records", sa.BigInteger, nullable=False, comment="that it took from Pending to Processed"),
    sa.Column("validation", JSONB, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default="", comment="why a draft could not be rated, or why "
        "the bill run was cancelled"),
    sa.Column("created_by", NAME, nullable=False, server_default="meterbridge"),
    sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
    sa.Column("rated_at", INSTANT, comment="null: a draft, or one that was cancelled as such"),
    sa.Column("updated_by", NAME, nullable=False, server_default="meterbridge"),
    sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW, comment="when it came to its status"),
    sa.UniqueConstraint("period", "ordinal", name="one_order_of_bill_runs"),
    sa.CheckConstraint("status IN ('draft', 'rated', 'posted', 'cancelled')", name="bill_run_status_known"),
)  # fmt: skip

cancelled_items = sa.Table(
    "cancelled_items", metadata,
    sa.Column("item_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("bill_run_id", sa.ForeignKey("bill_runs.bill_run_id"), nullable=False),
    sa.Column("item", JSONB, nullable=False, comment="the whole rated item, with the records that it rated"),
)  # fmt: skip

invoices = sa.Table(
    "invoices", metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False, comment="without gaps, from 1"),
    sa.Column("bill_run_id", sa.ForeignKey("bill_runs.bill_run_id"), nullable=False),
    sa.Column("account_number", sa.ForeignKey("accounts.account_number"), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("amount", AMOUNT, nullable=False, comment="the sum of its items; below 0 it is a credit note"),
    sa.Column("items", sa.BigInteger, nullable=False),
    sa.Column("issued_at", INSTANT, nullable=False, server_default=NOW),
    sa.UniqueConstraint("bill_run_id", "account_number", "currency", name="one_invoice"),
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
