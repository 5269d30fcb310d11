"""The upkeep of the usage store, a few minutes apart: what waits is done, what stands out is noted, people are told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.billing.sweep import Overdue, sweep
from pipeline.catalog.catalog import Catalog
from pipeline.kept_secret import without_secrets
from pipeline.notify.channel import Address, ChannelError
from pipeline.notify.channels import channels, from_environment
from pipeline.notify.deliver import deliver
from pipeline.readings import days
from pipeline.store import answers, events, quarantine
from pipeline.usage.load import SET_ASIDE
from transforms.errors import MeterbridgeError
from transforms.figures import plain
from transforms.quarantine import of_meter, of_source
from transforms.rating.lines import exact_sums

NEWS = timedelta(days=7)  # what was quarantined before is no news, should the upkeep have been off for longer
REPEATABLE = timedelta(days=7)  # how long a call with an Idempotency-Key is answered as it was
IN_USE = timedelta(days=1)  # how long a derivation may read a file that it asked for
SHOWN = 10
REASON_LENGTH_MAX = 2000


def note_what_stands_out(store: sa.Engine, catalog: Catalog, *, at: datetime) -> int:
    """Note what is quarantined over its limit and what stays Pending past its bill run; gives how much there is."""
    overdue = sweep(store, catalog, at)
    with store.begin() as connection:
        found = [*_quarantined(connection, catalog, at - NEWS), *_stuck(overdue)]
        for kind, subject, details in found:
            events.note(connection, kind, subject, details)
    return len(found)


def drop_what_is_old(store: sa.Engine, home: Path, *, at: datetime) -> int:
    """Drop answers that were kept for calls to be repeated, and days' files that others replaced; gives how many."""
    with store.begin() as connection:
        dropped = answers.drop_before(connection, at - REPEATABLE)
    return dropped + days.drop_replaced(home, at - IN_USE)


def shown(error: object) -> str:
    """Give the reason of a failure without what the environment keeps secret; of a foreign error, its last line."""
    told = str(error or "").strip() or "no reason was given"
    if not isinstance(error, MeterbridgeError):
        told = told.splitlines()[-1]
    kind = f"{type(error).__name__}: " if _is_foreign(error) else ""
    return without_secrets(f"{kind}{told}")[:REASON_LENGTH_MAX]


def _is_foreign(error: object) -> bool:
    return isinstance(error, BaseException) and not isinstance(error, MeterbridgeError)


def note_task(store: sa.Engine, kind: str, place: Mapping[str, Any], reason: str) -> None:
    """Note what became of a scheduled task, once for each attempt that `place` names."""
    subject = ", ".join(f"{name} {value}" for name, value in place.items())
    name = f"{place['dag_id']}, task {place['task_id']}"
    with store.begin() as connection:
        events.note(connection, kind, subject, {**place, "name": name, "reason": reason})


def tell(store: sa.Engine, *, at: datetime, find: Callable[[str], Address | None] = from_environment) -> dict[str, str]:
    """Deliver what waits on every channel that has a connection, and say how many by channel.

    ChannelError, once the others have been served, when a connection cannot be used.
    """
    opened, problems = channels(find)
    found = deliver(store, opened, at=at)
    if problems:
        raise ChannelError("; ".join(problems))
    return {name: str(counts) for name, counts in found.items()}


def _quarantined(
    connection: sa.Connection, catalog: Catalog, since: datetime
) -> Iterable[tuple[str, str, dict[str, object]]]:
    for day in quarantine.arrived(connection, since):
        source = catalog.sources.get(day.source)
        if source and (reason := of_source(day, source.quarantine_limit)):
            yield "quarantine", f"source {day.source}, arrived {day.day}", asdict(day) | {"reason": reason}
    for counted in quarantine.counted(connection, since, SET_ASIDE):
        meter = catalog.meters.get(counted.meter)
        if meter and (reason := of_meter(counted, catalog.source(meter.source_name).quarantine_limit)):
            subject = f"meter {counted.meter}, period {counted.period}, import {counted.import_id or 'none'}"
            yield "quarantine", subject, asdict(counted) | {"reason": reason}


def _stuck(overdue: Iterable[Overdue]) -> Iterable[tuple[str, str, dict[str, object]]]:
    """Tell of each period once, and again when a newer record stays Pending in it."""
    by_period = sorted(overdue, key=lambda each: (each.period, each.record_id))
    for period, group in groupby(by_period, key=lambda each: each.period):
        records = list(group)
        reasons = sorted({each.reason for each in records})
        subject = f"period {period}, up to record {records[-1].record_id}"
        details = {"period": period, "records": len(records), "reason": "; ".join(reasons[:SHOWN])}
        yield "stuck_pending", subject, details | {"quantity": _totals(records)}


def _totals(records: Iterable[Overdue]) -> str:
    totals = exact_sums((each.uom, each.quantity) for each in records)
    return ", ".join(f"{plain(total)} {uom}" for uom, total in totals.items())
