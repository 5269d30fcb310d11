"""The demo: three months of real metering data become rated items, run by Airflow's own scheduler."""

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import click

from pipeline.catalog.catalog import Catalog
from pipeline.reports.status import summary, totals
from pipeline.store.engine import connect
from stack import local
from stack.client import Client
from stack.settings import Settings
from stack.watch import await_parsed, await_runs

# The months that the samples cover. A month's run is the interval that starts within it.
FIRST, LAST = datetime(2014, 2, 1, tzinfo=UTC), datetime(2014, 4, 30, tzinfo=UTC)
TIMEOUT_SECONDS = 600
BILLED = ("imports", "rated_items")


def run(settings: Settings) -> None:
    """Run the months through all steps, print the summary, stop what was started; StackError when a run fails."""
    tell = _clock()
    stack = local.up(settings, tell)
    try:
        engine = connect(stack.store_url)
        before = totals(engine)
        _process(settings, stack, tell)
        click.echo(summary(engine, Catalog.read(settings.catalog).units))
        click.echo(compare(before, totals(engine)))
        engine.dispose()
    finally:
        local.down(settings, tell)


def _process(settings: Settings, stack: local.Stack, tell: local.Tell) -> None:
    begun = datetime.now(UTC)
    with closing(Client(settings.url, stack.user, stack.password)) as client:
        client.cancel_backfills()
        in_order = stages(Catalog.read(settings.catalog))
        dags = [dag for stage in in_order for dag in stage]
        await_parsed(client, set(dags), since=begun - timedelta(minutes=1))
        tell(f"{len(dags)} DAGs parsed; log in at {settings.url} as {stack.user} with {stack.password} to watch")
        for stage in in_order:
            for dag in stage:  # not sooner: the latest month starts with it, and would wait for the stage before
                client.unpause(dag)
            _backfill(client, stage, begun)
            await_runs(client, since=begun, timeout_seconds=TIMEOUT_SECONDS, tell=tell)


def stages(catalog: Catalog) -> list[list[str]]:
    """Name the DAGs that the catalog promises, in the data's order; a stage starts when the one before it has ended.

    The sensors of the DAGs would keep the order by themselves, but each waiting run takes a worker's turn.
    """
    extracts = [f"extract_{source}" for source in sorted(catalog.sources)]
    return [extracts, [f"usage_{meter}" for meter in sorted(catalog.meters)], ["bill_run"], ["export"]]


def _backfill(client: Client, dags: list[str], now: datetime) -> None:
    """Backfill the months; what is extracted daily, for one day before the latest, which the schedule runs itself."""
    day = now - timedelta(days=3)
    for dag in dags:
        first, last = (day, day + timedelta(days=1)) if dag.startswith("extract_") else (FIRST, LAST)
        client.backfill(dag, first, last)


def compare(before: dict[str, int], after: dict[str, int]) -> str:
    """Say in one line what this run added, and whether anything could have been billed twice."""
    added = {name: after[name] - before.get(name, 0) for name in BILLED}
    text = ", ".join(f"{count} new {name.replace('_', ' ')}" for name, count in added.items())
    return f"{text}: nothing was billed twice" if not any(added.values()) else text


def _clock() -> local.Tell:
    begun = time.monotonic()

    def tell(line: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - begun), 60)
        click.echo(f"{minutes:02d}:{seconds:02d}  {line}")

    return tell
