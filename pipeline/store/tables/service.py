"""What the API has answered, and what people are told."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from pipeline.store.tables.columns import HASH, INSTANT, NAME, NOW, metadata

answers = sa.Table(
    "answers", metadata,
    sa.Column("client", NAME, primary_key=True),
    sa.Column("idempotency_key", sa.String(255), primary_key=True),
    sa.Column("request_hash", HASH, nullable=False),
    sa.Column("status_code", sa.SmallInteger, comment="null: the call has not ended, or died"),
    sa.Column("body", JSONB),
    sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
)  # fmt: skip

events = sa.Table(
    "events", metadata,
    sa.Column("event_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("kind", NAME, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, comment="what it is about; told once for each kind"),
    sa.Column("details", JSONB, nullable=False),
    sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
    sa.UniqueConstraint("kind", "subject", name="told_once"),
)  # fmt: skip

deliveries = sa.Table(
    "deliveries", metadata,
    sa.Column("event_id", sa.ForeignKey("events.event_id"), primary_key=True),
    sa.Column("channel", NAME, primary_key=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("delivered_at", INSTANT),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
)  # fmt: skip
