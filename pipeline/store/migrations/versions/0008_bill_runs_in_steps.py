"""Bill runs in steps: draft, rated, posted or cancelled; invoices; prepaid funds and their ledger; batches of accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

GUARD_BILL_RUNS = """
CREATE FUNCTION guard_bill_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status = 'draft' THEN
            RETURN OLD;
        END IF;
    ELSIF (OLD.status, NEW.status) IN (
        ('draft', 'draft'), ('draft', 'rated'), ('draft', 'cancelled'), ('rated', 'posted'), ('rated', 'cancelled')
    ) AND (OLD.bill_run_id, OLD.period, OLD.ordinal) = (NEW.bill_run_id, NEW.period, NEW.ordinal) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of bill run %, which is %, is refused: what was billed never changes',
        TG_OP, OLD.bill_run_id, OLD.status
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
GUARD_ITEMS = """
CREATE FUNCTION guard_rated_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT FROM bill_runs WHERE bill_run_id = OLD.bill_run_id AND status = 'cancelled'
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% of rated item % is refused: what was billed never changes', TG_OP, OLD.item_id
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
GUARD_LINKS = """
CREATE FUNCTION guard_rated_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT FROM rated_items JOIN bill_runs USING (bill_run_id)
        WHERE rated_items.item_id = OLD.item_id AND bill_runs.status = 'cancelled'
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% of what item % rates is refused: what was billed never changes', TG_OP, OLD.item_id
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
GUARD_PROCESSED = """
CREATE OR REPLACE FUNCTION refuse_change_of_processed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'Processed' AND NOT (
        TG_OP = 'UPDATE'
        AND NEW.status = 'Pending'
        AND to_jsonb(NEW) - '{status,bill_run_id,updated_at}'::text[]
            = to_jsonb(OLD) - '{status,bill_run_id,updated_at}'::text[]
        AND EXISTS (SELECT FROM bill_runs WHERE bill_run_id = OLD.bill_run_id AND status = 'cancelled')
    ) THEN
        RAISE EXCEPTION 'usage record % is Processed by bill run %: it never changes', OLD.record_id, OLD.bill_run_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$
"""
REFUSE_PROCESSED = """
CREATE OR REPLACE FUNCTION refuse_change_of_processed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'Processed' THEN
        RAISE EXCEPTION 'usage record % is Processed by bill run %: it never changes', OLD.record_id, OLD.bill_run_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$
"""
ADD_UP = """
CREATE FUNCTION add_up_fund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE funds SET balance = balance + NEW.units WHERE fund_id = NEW.fund_id;
    RETURN NEW;
END $$
"""
GUARDS = {"bill_runs": "guard_bill_run", "rated_items": "guard_rated_item", "rated_usage": "guard_rated_usage"}
ADDED = ("ordinal", "status", "batch", "target_date", "reason")
FINAL = ("cancelled_items", "invoices", "fund_entries")
NUMBER_RUNS = """
UPDATE bill_runs SET status = 'posted', rated_at = created_at, updated_at = created_at, ordinal = numbered.ordinal FROM (
    SELECT bill_run_id, row_number() OVER (PARTITION BY period ORDER BY first, created_at, bill_run_id) AS ordinal
    FROM bill_runs LEFT JOIN (
        SELECT bill_run_id, min(item_id) AS first FROM rated_items GROUP BY bill_run_id
    ) AS items USING (bill_run_id)
) AS numbered WHERE numbered.bill_run_id = bill_runs.bill_run_id
"""
ISSUE = """
INSERT INTO invoices (number, bill_run_id, account_number, currency, amount, items, issued_at)
SELECT row_number() OVER (ORDER BY min(item_id)), bill_run_id, account_number, currency, sum(amount), count(*),
    created_at
FROM rated_items JOIN bill_runs USING (bill_run_id) GROUP BY bill_run_id, account_number, currency, created_at
"""


def upgrade() -> None:
    """Give bill runs a status; those of before are posted, and have invoices."""
    op.add_column("accounts", sa.Column(
        "batch", sa.String(100), nullable=False, server_default="",
        comment="the accounts of one batch may be billed apart",
    ))  # fmt: skip
    op.execute("DROP TRIGGER final ON bill_runs")
    _add_to_bill_runs()
    op.execute(NUMBER_RUNS)
    op.alter_column("bill_runs", "ordinal", nullable=False)
    op.create_unique_constraint("one_order_of_bill_runs", "bill_runs", ["period", "ordinal"])
    _add_cancelled_items()
    _add_invoices()
    op.execute(ISSUE)
    _add_funds()
    _add_guards()


def _add_to_bill_runs() -> None:
    columns = (
        sa.Column("ordinal", sa.Integer(), comment="which of its period's bill runs it is, from 1"),
        sa.Column("status", sa.String(100), nullable=False, server_default="draft"),
        sa.Column("batch", sa.String(100), comment="of accounts; null: all of them"),
        sa.Column("target_date", sa.Date(), comment="of a period that still runs: usage before it is billed, "
            "on demand"),
        sa.Column("reason", sa.Text(), nullable=False, server_default="", comment="why a draft could not be rated, "
            "or why the bill run was cancelled"),
        sa.Column("created_by", sa.String(100), nullable=False, server_default="meterbridge"),
        sa.Column("rated_at", sa.DateTime(timezone=True), comment="null: a draft, or one that was cancelled as such"),
        sa.Column("updated_by", sa.String(100), nullable=False, server_default="meterbridge"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()"),
            comment="when it came to its status"),
    )  # fmt: skip
    for column in columns:
        op.add_column("bill_runs", column)
    op.alter_column("bill_runs", "records", comment="that it took from Pending to Processed")
    op.create_check_constraint(
        "bill_run_status_known", "bill_runs", "status IN ('draft', 'rated', 'posted', 'cancelled')"
    )


def _add_cancelled_items() -> None:
    op.create_table(
        "cancelled_items",
        sa.Column("item_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("bill_run_id", sa.String(32), sa.ForeignKey("bill_runs.bill_run_id"), nullable=False),
        sa.Column("item", postgresql.JSONB(), nullable=False, comment="the whole rated item, with the records that it "
            "rated"),
    )  # fmt: skip


def _add_invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False, comment="without gaps, from 1"),
        sa.Column("bill_run_id", sa.String(32), sa.ForeignKey("bill_runs.bill_run_id"), nullable=False),
        sa.Column("account_number", sa.String(100), sa.ForeignKey("accounts.account_number"), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.Numeric(30, 9), nullable=False, comment="the sum of its items; below 0 it is a credit "
            "note"),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.UniqueConstraint("bill_run_id", "account_number", "currency", name="one_invoice"),
    )  # fmt: skip


def _add_funds() -> None:
    op.create_table(
        "funds",
        sa.Column("fund_id", sa.String(64), primary_key=True, comment="made of its charge number, validity and kind"),
        sa.Column("account_number", sa.String(100), sa.ForeignKey("accounts.account_number"), nullable=False),
        sa.Column("subscription_number", sa.String(100), nullable=False),
        sa.Column("charge_number", sa.String(100), sa.ForeignKey("subscribed_charges.charge_number"), nullable=False,
            comment="of the prepaid charge"),
        sa.Column("kind", sa.String(100), nullable=False, comment="bought, or rolled over from the fund before it"),
        sa.Column("uom", sa.String(100), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False, comment="exclusive"),
        sa.Column("balance", sa.Numeric(), nullable=False, server_default="0", comment="the sum of its entries, kept "
            "by the database"),
        sa.CheckConstraint("balance >= 0", name="never_below_zero"),
        sa.CheckConstraint("kind IN ('bought', 'rolled')", name="fund_kind_known"),
    )  # fmt: skip
    op.create_index("funds_of_accounts", "funds", ["account_number", "start_at"])
    op.create_table(
        "fund_entries",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("fund_id", sa.String(64), sa.ForeignKey("funds.fund_id"), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("units", sa.Numeric(), nullable=False, comment="in the fund's unit; above 0 into it, below 0 out of "
            "it"),
        sa.Column("bill_run_id", sa.String(32), sa.ForeignKey("bill_runs.bill_run_id"), comment="null: what was "
            "bought"),
        sa.Column("charge_number", sa.String(100), comment="of the usage that was drawn for, with the group that it "
            "was rated in"),
        sa.Column("period_start", sa.DateTime(timezone=True)),
        sa.Column("group_key", sa.Text()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.CheckConstraint(
            "type IN ('prepayment', 'prepayment_adjustment', 'drawdown', 'drawdown_adjustment', "
            "'drawdown_reversal', 'rollover', 'rollover_reversal')",
            name="entry_type_known",
        ),
        sa.CheckConstraint("units <> 0", name="entry_moves_units"),
        sa.CheckConstraint(
            "(charge_number IS NULL) = (period_start IS NULL) AND (charge_number IS NULL) = (group_key IS NULL)",
            name="drawn_for_a_group",
        ),
    )  # fmt: skip
    op.create_index("fund_entries_by_fund", "fund_entries", ["fund_id"])
    op.create_index("fund_entries_by_run", "fund_entries", ["bill_run_id"])
    op.create_index("fund_entries_by_group", "fund_entries", ["charge_number", "period_start"])


def _add_guards() -> None:
    """Guard what was billed: it changes only with its bill run cancelled; the ledger of funds never does."""
    for guard in (GUARD_BILL_RUNS, GUARD_ITEMS, GUARD_LINKS, GUARD_PROCESSED, ADD_UP):
        op.execute(guard)
    for table in ("rated_items", "rated_usage"):
        op.execute(f"DROP TRIGGER final ON {table}")
    for table, guard in GUARDS.items():
        op.execute(f"CREATE TRIGGER guarded BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {guard}()")
    for table in FINAL:
        op.execute(
            f"CREATE TRIGGER final BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER not_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("CREATE TRIGGER added_up AFTER INSERT ON fund_entries FOR EACH ROW EXECUTE FUNCTION add_up_fund()")


def downgrade() -> None:
    """Bring back bill runs that are final at once; funds, invoices and what was cancelled are forgotten."""
    for table in ("fund_entries", "funds", "invoices", "cancelled_items"):
        op.drop_table(table)
    op.execute("DROP FUNCTION add_up_fund()")
    op.execute(REFUSE_PROCESSED)
    for table, guard in GUARDS.items():
        op.execute(f"DROP TRIGGER guarded ON {table}")
        op.execute(f"DROP FUNCTION {guard}()")
        if table == "bill_runs":
            op.execute("DELETE FROM bill_runs WHERE status IN ('draft', 'cancelled')")
        op.execute(
            f"CREATE TRIGGER final BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.drop_constraint("one_order_of_bill_runs", "bill_runs")
    op.drop_constraint("bill_run_status_known", "bill_runs")
    op.alter_column("bill_runs", "records", comment=None)
    for column in (*ADDED, "created_by", "rated_at", "updated_by", "updated_at"):
        op.drop_column("bill_runs", column)
    op.drop_column("accounts", "batch")
