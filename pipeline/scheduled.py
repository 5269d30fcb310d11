"""The steps as a scheduler calls them: names and periods in, paths and sentences out, all else from the environment."""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import by_hand, periods, steps, upkeep
from pipeline.artefact import read_about
from pipeline.billing import ready
from pipeline.billing.post import cancel_rated, rated
from pipeline.notify.channel import Address
from pipeline.quantities.situation import require_ended
from pipeline.readings.extract import describe
from pipeline.reports import thresholds
from pipeline.reports.bill_preview import to_approve
from pipeline.settings import Settings
from pipeline.steps import Workspace
from pipeline.store.engine import connect
from pipeline.targets import send
from pipeline.targets.platform import Platform
from pipeline.targets.sender import Sender, required
from pipeline.uploads.process import process_waiting
from pipeline.usage import diff as diffs
from pipeline.usage.delete import chosen, delete
from pipeline.usage.validate import load as load_expectations
from transforms.period import Period
from transforms.rating.asked import Asked

log = logging.getLogger(__name__)


def preload() -> None:
    """Load what a task would load only when it validates: it takes longer than the task."""
    load_expectations()


def land(source: str, until: datetime) -> str:
    """Extract a source up to the end of a data interval."""
    return describe(steps.land(_workspace(), source, until=until))


def periods_to_derive(meter: str, after: datetime, until: datetime) -> list[str]:
    """List the periods that a meter's run handles: those that ended in a span of time, and stale ones."""
    workspace = _workspace()
    return _written(periods.to_derive(workspace.store, workspace.catalog, meter, after, until))


def readings_are_in(meter: str, found: Iterable[str]) -> bool:
    """Tell whether a meter's source has been taken to the end of these periods."""
    workspace = _workspace()
    source = workspace.catalog.meter(meter).source_name
    if ready.readings_are_in(workspace.store, source, map(Period.parse, found)):
        return True
    log.info("waiting for extract_%s: it has not taken its source to the end of %s", source, ", ".join(found))
    return False


def derive(meter: str, period: str) -> str:
    """Derive and map a meter's period; gives the path of the usage artefact."""
    return str(steps.derive_usage(_workspace(), meter, Period.parse(period), at=_now()))


def validate(usage: str) -> str:
    """Validate a usage artefact; gives the path of the verdict."""
    workspace = _workspace()
    return str(steps.validate_usage(workspace.store, workspace.catalog, Path(usage), workspace.home))


def change_to_approve(usage: str, verdict: str) -> tuple[str, str] | None:
    """Name meter and period, and lay out what a load would change; None where it is no more than its meter allows."""
    workspace, about = _workspace(), read_about(Path(usage))
    found = diffs.beyond_limit(workspace.store, workspace.catalog, Path(usage), Path(verdict))
    if found is None:
        return None
    return f"{about['meter']} {about['period']}", f"```text\n{diffs.describe(found, workspace.catalog.units)}\n```"


def load(usage: str, verdict: str, *, reason: str, by: str) -> str:
    """Load a usage artefact with its verdict; says what was done."""
    workspace = _workspace()
    return str(
        steps.load(workspace.store, workspace.catalog, Path(usage), Path(verdict), workspace.home, reason=reason, by=by)
    )


def periods_to_bill(after: datetime, until: datetime) -> list[str]:
    """List the periods that a bill run handles: those that ended in a span of time, and those to be billed again."""
    workspace = Workspace.open()
    return _written(periods.to_bill(workspace.store, workspace.catalog, after, until))


def meters_are_in(period: str) -> bool:
    """Tell whether every meter of a period is loaded."""
    workspace = Workspace.open()
    missing = ready.missing_meters(workspace.store, workspace.catalog, Period.parse(period))
    return _nothing_left([f"not loaded: {', '.join(missing)}"] if missing else [], period)


def can_be_billed(period: str) -> bool:
    """Tell whether every meter of a period is loaded, and all that counts towards its commitments billed."""
    workspace = Workspace.open()
    return _nothing_left(ready.waits_for(workspace.store, workspace.catalog, Asked(Period.parse(period))), period)


def rate(period: str) -> list[str]:
    """Make a period's bill run; gives what of the period is rated and not posted."""
    workspace, found = Workspace.open(), Period.parse(period)
    asked = Asked(found, by_schedule=True)
    log.info("%s", steps.rate(workspace.store, workspace.catalog, asked, workspace.home, at=_now()))
    return rated(workspace.store, found)


def bill_runs_to_approve(period: str, runs: list[str]) -> tuple[str, str] | None:
    """Name the period, and lay out what its bill runs came to; None where their currencies let them be posted."""
    workspace = Workspace.open()
    found = to_approve(workspace.store, workspace.catalog, Period.parse(period), runs)
    return (period, f"```text\n{found}\n```") if found else None


def reject_bill_runs(period: str, runs: list[str], *, by: str) -> list[str]:
    """Cancel bill runs that were not approved; says what was done."""
    return cancel_rated(Workspace.open().store, Period.parse(period), by=by, reason="it was not approved", runs=runs)


def post(period: str, runs: list[str], *, by: str) -> str:
    """Post these bill runs of a period, and none that was rated since; says what was done."""
    return str(steps.post(Workspace.open().store, Period.parse(period), by=by, runs=runs))


def bill_by_hand(form: dict[str, str], *, by: str) -> str:
    """Preview, rate, post or cancel a bill run, as a form asks for; says what was done."""
    return by_hand.bill(Workspace.open(), form, at=_now(), by=by)


def periods_to_export(after: datetime, until: datetime) -> list[str]:
    """List the periods that an export handles: those that ended in a span of time, and what was billed since."""
    workspace = Workspace.open()
    return _written(periods.to_export(workspace.store, workspace.catalog, after, until))


def is_posted(period: str) -> bool:
    """Tell whether a period's bill run has been made and posted."""
    return ready.is_posted(Workspace.open().store, Period.parse(period))


def export(period: str) -> list[str]:
    """Export a period; gives the paths of the files, below the home's exports folder."""
    workspace = Workspace.open()
    return [
        file.path for file in steps.export(workspace.store, workspace.catalog, Period.parse(period), workspace.home)
    ]


def periods_to_send(after: datetime, until: datetime, sender: Sender | None) -> list[str]:
    """List the periods that a sending handles: those that ended in a span of time, and those changed since."""
    if sender is None:
        log.warning("nothing is sent: there is no connection meterbridge_platform")
        return []
    workspace = _workspace()
    return list(map(str, periods.to_send(workspace.store, workspace.catalog, sender.url, after, until)))


def is_sent(period: str, sender: Sender | None) -> bool:
    """Send what the billing platform lacks of a period, as far as that goes now; True once it holds all of it."""
    workspace, wanted = Workspace.open(), Period.parse(period)
    with closing(Platform(required(sender))) as platform:
        done = send.advance(workspace.store, workspace.catalog, platform, wanted)
        for line in send.described(workspace.store, platform.name, wanted):
            log.info("%s", line)
    return done


def delete_usage(kind: str, value: str, *, reason: str, by: str, dry_run: bool) -> str:
    """Delete Pending usage that a form names, or tell what would go; says what was done."""
    return str(delete(_workspace().store, chosen(kind, value), by=by, reason=reason, dry_run=dry_run))


def shown(error: object) -> str:
    """Give the reason of a failure as it may be shown."""
    return upkeep.shown(error)


def note_task(kind: str, place: dict[str, Any], reason: str) -> None:
    """Note, for the upkeep to tell, that a task failed (`import_failed`, `task_failed`) or asks (`approval_needed`)."""
    upkeep.note_task(connect(Settings.read().store_url), kind, place, reason)


def process_uploads() -> list[str]:
    """Process the usage files that wait; names each import and how it ended."""
    workspace = _workspace()
    found = process_waiting(workspace.store, workspace.catalog, workspace.home)
    return [f"import {each['import_id']}: {each['status']}" for each in found]


def note_what_stands_out() -> int:
    """Note what is quarantined over its limit and what stays Pending past its bill run; gives how much there is."""
    workspace = _workspace()
    for problem in workspace.catalog.problems:
        log.warning("catalog: %s", problem)
    return upkeep.note_what_stands_out(workspace.store, workspace.catalog, at=_now())


def note_thresholds() -> int:
    """Note what is not billed and is above a threshold of its charge; gives how much there is."""
    return thresholds.note_thresholds(_workspace(), at=_now())


def drop_what_is_old() -> int:
    """Drop answers of the API and days' files that nobody asks for any more; gives how many."""
    settings = Settings.read()
    return upkeep.drop_what_is_old(connect(settings.store_url), settings.home, at=_now())


def tell(find: Callable[[str], Address | None]) -> dict[str, str]:
    """Deliver what waits on the channels whose addresses `find` knows; says how many by channel."""
    return upkeep.tell(connect(Settings.read().store_url), at=_now(), find=find)


def _nothing_left(waits: Sequence[str], period: str) -> bool:
    """Tell whether there is nothing to wait for; what there is stands in the log."""
    for each in waits:
        log.info("period %s waits; %s", period, each)
    return not waits


def _workspace() -> Workspace:
    """Open what one meter or source needs, whatever is wrong with the others. A bill run needs the whole catalog."""
    return Workspace.open(whole_catalog=False)


def _written(found: Iterable[Period]) -> list[str]:
    """Write periods as a scheduler hands them on; PeriodNotEndedError when one is still running."""
    now, listed = _now(), list(found)
    for period in listed:
        require_ended(period, now)
    return list(map(str, listed))


def _now() -> datetime:
    """Read the clock: only here, at the edge, and never for what an amount depends on."""
    return datetime.now(UTC)
