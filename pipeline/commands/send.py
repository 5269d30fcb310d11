"""Sending usage to the billing platform, where Airflow does not."""

import time
from contextlib import closing

import click

from pipeline.commands.period import period
from pipeline.steps import Workspace
from pipeline.targets.platform import Platform
from pipeline.targets.send import advance, described
from pipeline.targets.sender import from_environment, required
from transforms.period import Period

ASKS_SECONDS = 2


@click.command()
@period
@click.option(
    "--wait",
    type=click.IntRange(min=0),
    default=600,
    show_default=True,
    help="Seconds to wait for the platform to read what it was sent.",
)
def send(period: Period, wait: int) -> None:
    """Send the usage of PERIOD to the billing platform: what it does not hold yet, or holds as it no longer is."""
    workspace, until = Workspace.open(), time.monotonic() + wait
    with closing(Platform(required(from_environment()))) as platform:
        try:
            while (
                not (done := advance(workspace.store, workspace.catalog, platform, period)) and time.monotonic() < until
            ):
                time.sleep(ASKS_SECONDS)
        finally:
            for line in described(workspace.store, platform.name, period):
                click.echo(line)
    click.echo(
        "the platform holds all of it" if done else "the platform is still reading: send again to see what became of it"
    )
    if not done:
        raise click.exceptions.Exit(1)


COMMANDS: tuple[click.Command, ...] = (send,)
