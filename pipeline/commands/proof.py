"""Commands that prove a figure: explain, trace, close, verify."""

from typing import Never

import click

from pipeline.commands.number import NUMBER
from pipeline.commands.period import period
from pipeline.commands.who import user
from pipeline.proof.close import close as close_period
from pipeline.proof.explain import explain as explain_item
from pipeline.proof.trace import trace as trace_row
from pipeline.proof.verify import verify as verify_period
from pipeline.steps import Workspace
from transforms.period import Period


@click.command()
@click.argument("item", type=NUMBER)
def explain(item: int) -> None:
    """Tell how rated ITEM came to its amount, from the raw rows on; each figure is made again from the landed files."""
    workspace = Workspace.open()
    found = explain_item(workspace.store, workspace.catalog, item, workspace.home)
    click.echo(found)
    if found.differences:
        _fail()


@click.command()
@click.argument("source")
@click.argument("file")
@click.argument("row", type=NUMBER)
def trace(source: str, file: str, row: int) -> None:
    """Tell what became of ROW of a raw FILE of SOURCE, named by its path in the inbox or by its file id."""
    workspace = Workspace.open()
    for line in trace_row(workspace.store, workspace.catalog, source, file, row, workspace.home):
        click.echo(line)


@click.command()
@period
def close(period: Period) -> None:
    """Seal billed PERIOD: what it was made of, the rules, the usage, the items and the exports, by their hashes."""
    workspace = Workspace.open()
    click.echo(close_period(workspace.store, workspace.catalog, period, workspace.home, by=user()))


@click.command()
@period
def verify(period: Period) -> None:
    """Make closed PERIOD again by its sealed rules and files, and compare it with what is stored and sealed."""
    workspace = Workspace.open(whole_catalog=False)
    found = verify_period(workspace.store, period, workspace.home)
    click.echo(found)
    if found.differences:
        _fail()


def _fail() -> Never:
    raise click.exceptions.Exit(1)


COMMANDS: tuple[click.Command, ...] = (explain, trace, close, verify)
