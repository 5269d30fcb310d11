"""The guards: what is Processed or billed never changes, whoever asks."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REFUSE_PROCESSED = """
CREATE FUNCTION refuse_change_of_processed() RETURNS trigger LANGUAGE plpgsql AS $$
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
REFUSE_ALL = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what was billed never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
FINAL = ("bill_runs", "rated_items", "rated_usage")
TRUNCATABLE = ("usage_records", *FINAL)


def upgrade() -> None:
    """Add the guards."""
    op.execute(REFUSE_PROCESSED)
    op.execute(REFUSE_ALL)
    op.execute(
        "CREATE TRIGGER processed_is_final BEFORE UPDATE OR DELETE ON usage_records "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_processed()"
    )
    for table in FINAL:
        op.execute(
            f"CREATE TRIGGER final BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in TRUNCATABLE:
        op.execute(
            f"CREATE TRIGGER not_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Take the guards away."""
    for table in TRUNCATABLE:
        op.execute(f"DROP TRIGGER not_emptied ON {table}")
    for table in FINAL:
        op.execute(f"DROP TRIGGER final ON {table}")
    op.execute("DROP TRIGGER processed_is_final ON usage_records")
    op.execute("DROP FUNCTION refuse_change_of_processed()")
    op.execute("DROP FUNCTION refuse_change()")
