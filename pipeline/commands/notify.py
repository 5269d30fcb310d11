"""Telling people, where Airflow does not."""

from datetime import UTC, datetime

import click

from pipeline import upkeep
from pipeline.steps import Workspace
from pipeline.store import events


@click.command()
@click.option("--again", is_flag=True, help="Begin again with what was given up.")
def notify(*, again: bool) -> None:
    """Note what is quarantined or stays Pending, and tell what waits, on every channel that has a connection."""
    workspace, now = Workspace.open(whole_catalog=False), datetime.now(UTC)
    upkeep.note_what_stands_out(workspace.store, workspace.catalog, at=now)
    if again:
        with workspace.store.begin() as connection:
            events.begin_again(connection)
    told = upkeep.tell(workspace.store, at=now)
    for channel, counts in told.items():
        click.echo(f"{channel}: {counts}")
    if not told:
        click.echo("nobody is told: there is no METERBRIDGE_CONNECTION_NOTIFY_EMAIL, …_WEBHOOK or …_SLACK")


COMMANDS: tuple[click.Command, ...] = (notify,)
