"""Commands about units of measure."""

import click

from pipeline.catalog import units
from pipeline.catalog.units import KnownUnit
from pipeline.commands.who import user
from pipeline.steps import Workspace


@click.command("units")
def list_units() -> None:
    """List the units of measure, of the catalog and made by the API or by `unit set`."""
    workspace = Workspace.open(whole_catalog=False)
    for unit in units.listed(workspace.store, workspace.catalog):
        click.echo(_described(unit))


@click.group()
def unit() -> None:
    """Make or change a unit of measure that is not in the catalog."""


@unit.command("set")
@click.argument("uom", metavar="NAME")
@click.option("--description", default="", help="What one of it is.")
@click.option("--decimals", default="0", help="To which a rated quantity is rounded, 0 to 9.  [default: 0]")
@click.option("--rounding", default="up", help="up, down, half_up or half_even.  [default: up]")
@click.option("--alias", "aliases", multiple=True, metavar="NAME=FACTOR", help="Such as byte=1/1000000000.")
def set_unit(uom: str, description: str, decimals: str, rounding: str, aliases: tuple[str, ...]) -> None:
    """Make the unit NAME, or give it this definition, whole, in place of the one it has."""
    workspace = Workspace.open(whole_catalog=False)
    factors = dict(_alias(each) for each in aliases)
    definition = {"description": description, "decimals": decimals, "rounding": rounding, "aliases": factors}
    found = units.find(workspace.store, workspace.catalog, uom)
    put = units.update if found else units.create
    click.echo(_described(put(workspace.store, workspace.catalog, uom, definition, by=user())))


COMMANDS: tuple[click.Command, ...] = (list_units, unit)


def _alias(text: str) -> tuple[str, str]:
    name, separator, factor = text.partition("=")
    if not separator:
        raise click.BadParameter(f"{text!r}: write NAME=FACTOR, such as byte=1/1000000000", param_hint="--alias")
    return name.strip(), factor.strip()


def _described(known: KnownUnit) -> str:
    unit = known.unit
    aliases = ", ".join(f"{alias} = {factor}" for alias, factor in sorted(unit.aliases.items()))
    words = f"{known.uom} ({known.source}): {unit.decimals} decimals, rounded {unit.rounding}"
    return words + (f"; {aliases}" if aliases else "") + (f"; {unit.description}" if unit.description else "")
