"""Prepaid units: the funds that subscriptions bought, and the ledger of what went in and out."""

import sqlalchemy as sa

from pipeline.store.tables.columns import HASH, INSTANT, NAME, NOW, metadata

funds = sa.Table(
    "funds", metadata,
    sa.Column("fund_id", HASH, primary_key=True, comment="made of its charge number, validity and kind"),
    sa.Column("account_number", sa.ForeignKey("accounts.account_number"), nullable=False),
    sa.Column("subscription_number", NAME, nullable=False),
    sa.Column("charge_number", sa.ForeignKey("subscribed_charges.charge_number"), nullable=False,
        comment="of the prepaid charge"),
    sa.Column("kind", NAME, nullable=False, comment="bought, or rolled over from the fund before it"),
    sa.Column("uom", NAME, nullable=False),
    sa.Column("start_at", INSTANT, nullable=False),
    sa.Column("end_at", INSTANT, nullable=False, comment="exclusive"),
    sa.Column("balance", sa.Numeric, nullable=False, server_default="0", comment="the sum of its entries, kept by the "
        "database"),
    sa.CheckConstraint("balance >= 0", name="never_below_zero"),
    sa.CheckConstraint("kind IN ('bought', 'rolled')", name="fund_kind_known"),
)  # fmt: skip
sa.Index("funds_of_accounts", funds.c.account_number, funds.c.start_at)

fund_entries = sa.Table(
    "fund_entries", metadata,
    sa.Column("entry_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("fund_id", sa.ForeignKey("funds.fund_id"), nullable=False),
    sa.Column("type", NAME, nullable=False),
    sa.Column("units", sa.Numeric, nullable=False, comment="in the fund's unit; above 0 into it, below 0 out of it"),
    sa.Column("bill_run_id", sa.ForeignKey("bill_runs.bill_run_id"), comment="null: what was bought"),
    sa.Column("charge_number", NAME, comment="of the usage that was drawn for, with the group that it was rated in"),
    sa.Column("period_start", INSTANT),
    sa.Column("group_key", sa.Text),
    sa.Column("made_at", INSTANT, nullable=False, server_default=NOW),
    sa.CheckConstraint(
        "type IN ('prepayment', 'prepayment_adjustment', 'drawdown', 'drawdown_adjustment', 'drawdown_reversal', "
        "'rollover', 'rollover_reversal')",
        name="entry_type_known",
    ),
    sa.CheckConstraint("units <> 0", name="entry_moves_units"),
    sa.CheckConstraint(
        "(charge_number IS NULL) = (period_start IS NULL) AND (charge_number IS NULL) = (group_key IS NULL)",
        name="drawn_for_a_group",
    ),
)  # fmt: skip
sa.Index("fund_entries_by_fund", fund_entries.c.fund_id)
sa.Index("fund_entries_by_run", fund_entries.c.bill_run_id)
sa.Index("fund_entries_by_group", fund_entries.c.charge_number, fund_entries.c.period_start)
