"""Usage to be exported: all that a filter lets through, or what was changed, superseded or deleted since then."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.store.tables import ACTIVE, accounts, imports, usage_changes, usage_records
from transforms.period import Period

RECORD = (
    "record_id", "account_number", "subscription_number", "charge_number", "charge", "period", "start_at", "end_at",
    "uom", "quantity", "description", "custom_fields", "unique_key", "record_key", "corrects", "readings", "import_id",
    "bill_run_id",
)  # fmt: skip
AROUND = (
    accounts.c.name.label("account_name"), accounts.c.time_zone, imports.c.source_type, imports.c.file_name
)  # fmt: skip
# A transaction's instant is taken a moment before others can see that it runs.
MARGIN = sa.text("interval '5 seconds'")


@dataclass(frozen=True)
class UsageFilter:
    """Which usage: `charge` is a subscribed charge's number or its name in the catalog; start within [from, to)."""

    account_number: str | None = None
    charge: str | None = None
    subscription_number: str | None = None
    period: Period | None = None
    status: str | None = None
    import_id: str | None = None
    start_from: datetime | None = None
    start_to: datetime | None = None


def watermark(connection: sa.Connection) -> datetime:
    """Give an instant that no change bears which is still to become visible. Ask before the rows are read.

    A change bears the instant at which its transaction began, and is seen when that commits: so it is the beginning of
    the oldest transaction that runs. Where one is hidden from this user it is 1970: all will be read again.
    """
    activity = sa.table("pg_stat_activity", *map(sa.column, ("pid", "datname", "query", "xact_start")))
    held = sa.table("pg_locks", *map(sa.column, ("pid", "locktype")))
    runs = sa.select(held.c.pid).where(held.c.pid == activity.c.pid, held.c.locktype == "virtualxid").exists()
    hidden = (activity.c.query == "<insufficient privilege>") & runs
    began = sa.case((hidden, sa.func.to_timestamp(0)), else_=activity.c.xact_start)
    oldest = sa.func.least(sa.func.clock_timestamp(), sa.func.min(began))
    statement = sa.select(sa.func.greatest(oldest - MARGIN, sa.func.to_timestamp(0))).where(
        activity.c.datname == sa.func.current_database(), activity.c.pid != sa.func.pg_backend_pid()
    )
    found: datetime = connection.execute(statement).scalar_one()
    return found


def rows(wanted: UsageFilter, since: datetime | None) -> sa.Select[Any]:
    """Select usage by number: what is active, or with `since` what was changed, superseded or deleted from then on."""
    if since is None:
        found = _records().where(ACTIVE).subquery("found")
    else:
        changed = _records().where(usage_records.c.updated_at >= since)
        found = changed.union_all(_deleted(since)).subquery("found")
    return sa.select(found).where(*_conditions(found, wanted)).order_by(found.c.record_id)


def _conditions(found: sa.Subquery, wanted: UsageFilter) -> Iterator[sa.ColumnElement[bool]]:
    for name in ("account_number", "subscription_number", "status", "import_id"):
        if (value := getattr(wanted, name)) is not None:
            yield found.c[name] == value
    if wanted.charge is not None:
        yield (found.c.charge_number == wanted.charge) | (found.c.charge == wanted.charge)
    if wanted.period is not None:
        yield found.c.period == str(wanted.period)
    if wanted.start_from is not None:
        yield found.c.start_at >= wanted.start_from
    if wanted.start_to is not None:
        yield found.c.start_at < wanted.start_to


def _records() -> sa.Select[Any]:
    superseded = usage_records.c.superseded_by.is_not(None)
    return (
        sa.select(
            *(usage_records.c[name] for name in RECORD),
            sa.case((superseded, "Superseded"), else_=usage_records.c.status).label("status"),
            usage_records.c.updated_at,
            *AROUND,
        )
        .join(accounts, accounts.c.account_number == usage_records.c.account_number)
        .join(imports, imports.c.import_id == usage_records.c.import_id)
    )


def _deleted(since: datetime) -> sa.Select[Any]:
    """Select what was deleted, as it was."""
    before = {name: usage_changes.c.before[name] for name in RECORD}
    read = {name: value.astext.cast(usage_records.c[name].type) for name, value in before.items()}
    read["custom_fields"] = before["custom_fields"]
    return (
        sa.select(
            *(read[name].label(name) for name in RECORD),
            sa.literal("Deleted").label("status"),
            usage_changes.c.changed_at.label("updated_at"),
            *AROUND,
        )
        .join(accounts, accounts.c.account_number == read["account_number"])
        .join(imports, imports.c.import_id == usage_changes.c.import_id)
        .where(usage_changes.c.action == "delete", usage_changes.c.changed_at >= since)
    )


def custom_names(connection: sa.Connection, found: sa.Select[Any]) -> list[str]:
    """List the names of the custom fields that these rows have, in order."""
    listed = found.order_by(None).subquery()
    names = sa.select(sa.func.jsonb_object_keys(listed.c.custom_fields)).distinct()
    return sorted(connection.execute(names).scalars())
