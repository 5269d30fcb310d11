"""The command that dismisses a file."""

import click

from pipeline.commands.who import user, why
from pipeline.readings.dismiss import dismiss as dismiss_file
from pipeline.steps import Workspace


@click.command()
@click.argument("source")
@click.argument("file")
@why
def dismiss(source: str, file: str, reason: str) -> None:
    """Dismiss raw FILE of SOURCE, named by its path, of which all is quarantined: no replay lands it."""
    click.echo(dismiss_file(Workspace.open(whole_catalog=False).store, source, file, by=user(), reason=reason))


COMMANDS: tuple[click.Command, ...] = (dismiss,)
