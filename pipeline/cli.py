"""The command line: every step without Airflow, for a person and for tests."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import duckdb
import sqlalchemy as sa

from pipeline import steps
from pipeline.billing.ended import note_billed_after_end
from pipeline.catalog.catalog import Catalog
from pipeline.catalog.register import register as register_customers
from pipeline.catalog.scaffold import new_meter as write_meter
from pipeline.catalog.units import made_units
from pipeline.commands import billing, dismiss, funds, invoices, notify, proof, send, units, uploads, usage
from pipeline.commands.period import period
from pipeline.commands.who import user
from pipeline.readings import replay as replays
from pipeline.readings.extract import describe
from pipeline.reports import late as lateness
from pipeline.reports import status as status_report
from pipeline.reports.preview import preview as show_preview
from pipeline.settings import PROJECT, Settings, catalog_folder, secret
from pipeline.steps import Workspace
from pipeline.store.engine import connect
from pipeline.store.migrate import migrate as migrate_store
from pipeline.usage import diff as diffs
from pipeline.usage.change import match_again
from transforms.errors import MeterbridgeError
from transforms.period import Period

UNDEFINED_TABLE = "42P01"  # PostgreSQL's code


reason = click.option("--reason", default="", help="Why what is billed is adjusted; it is kept with the import.")
artefact = click.Path(exists=True, dir_okay=False, path_type=Path)


def main() -> None:
    """Run the command line; an error that the user can put right is one message and exit code 1."""
    try:
        cli()
    except (MeterbridgeError, sa.exc.DBAPIError, OSError, duckdb.Error) as error:
        if (told := _told(error)) is None:
            raise
        click.echo(f"meterbridge: {told}", err=True)
        sys.exit(1)


def _told(error: Exception) -> str | None:
    """Say what is wrong and what to do; None where a person could not see to it."""
    match error:
        case MeterbridgeError():
            return str(error)
        case sa.exc.OperationalError():
            return f"the usage store cannot be used: {_first_line(error.orig)}; is METERBRIDGE_STORE_URL right?"
        case sa.exc.ProgrammingError() if getattr(error.orig, "sqlstate", None) == UNDEFINED_TABLE:
            return "the usage store lacks a table: run `meterbridge migrate` first"
        case OSError() if error.filename is not None:
            advice = "see to the file or folder, to room on the disk, and to whom they belong, and do it again"
            return f"{error.filename2 or error.filename}: {error.strerror}; {advice}"
        case duckdb.Error():
            advice = "see to room on the disk and to METERBRIDGE_ENGINE_MEMORY, and do it again"
            return f"the engine broke off: {_first_line(error)}; {advice}"
    return None


def _first_line(error: BaseException | None) -> str:
    return str(error).splitlines()[0]


@click.group()
def cli() -> None:
    """From raw metering data to billed usage. Steps can be run again at any time: nothing is loaded or billed twice."""


@cli.command()
def check() -> None:
    """Read the whole catalog and list what is wrong with it; units that the API made are known where the store is."""
    store_url = secret("METERBRIDGE_STORE_URL")
    catalog = Catalog.read(catalog_folder(), made_units(connect(store_url)) if store_url else {})
    click.echo(
        f"{len(catalog.meters)} meters, {len(catalog.sources)} sources, {len(catalog.charges)} charges: all right"
    )


@cli.command("new-meter")
@click.argument("name")
@click.option("--charge", help="The charge that the meter bills; one of catalog/charges.")
def new_meter(name: str, charge: str | None) -> None:
    """Write a meter and its test scenario to start from: one YAML file, one folder."""
    for path in write_meter(name, charge, catalog_folder(), PROJECT / "tests" / "scenarios"):
        click.echo(f"wrote {path}")


@cli.command()
def migrate() -> None:
    """Bring the usage store's tables up to date."""
    migrate_store(connect(Settings.read().store_url))
    click.echo("the usage store is up to date")


@cli.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
def register(folder: Path | None) -> None:
    """Take accounts.csv and subscribed_charges.csv of FOLDER (default: customers, in the inbox).

    Pending usage that no charge took is taken by one that is subscribed to now.
    """
    workspace = Workspace.open(whole_catalog=False)
    found = register_customers(workspace.store, workspace.catalog, folder or workspace.inbox / "customers")
    click.echo(f"{found.accounts} accounts and {found.charges} subscribed charges are registered")
    if matched := match_again(workspace.store, workspace.catalog, by=user()):
        click.echo(f"{matched} records that no charge took have one now")
    for line in note_billed_after_end(workspace.store, workspace.catalog):
        click.echo(line)


@cli.command()
@click.argument("source")
@click.option("--retry", is_flag=True, help="Take files again that were quarantined whole.")
def extract(source: str, *, retry: bool) -> None:
    """Land what is new in SOURCE, once."""
    click.echo(describe(steps.land(Workspace.open(), source, until=datetime.now(UTC), retry=retry)))


@cli.command()
@click.argument("source")
@click.option(
    "--file",
    "file_id",
    metavar="FILE_ID",
    help="Only what landed as this file, or is quarantined at this path, whole or in every row.",
)
def replay(source: str, file_id: str | None) -> None:
    """Land files of SOURCE again under the rules that hold now: those of which anything is quarantined or left out.

    A file whose rows are all readings is read again by its id alone (--file).
    """
    workspace = Workspace.open()
    found = workspace.catalog.source(source)
    click.echo(replays.describe(replays.replay(workspace.store, found, workspace.home, file_id=file_id)))


@cli.command()
@click.argument("source")
@period
def late(source: str, period: Period) -> None:
    """Tell how late the readings of SOURCE arrived in PERIOD, and what a grace of so many days would have caught."""
    workspace = Workspace.open()
    found = workspace.catalog.source(source)
    click.echo(lateness.describe(lateness.late(workspace.store, found, period, workspace.home)))


@cli.command()
@click.argument("meter")
@period
def derive(meter: str, period: Period) -> None:
    """Derive METER's quantities of PERIOD; prints the artefact's path."""
    workspace = Workspace.open()
    found = workspace.catalog.meter(meter)
    click.echo(steps.derive(workspace.store, workspace.catalog, found, period, workspace.home, at=datetime.now(UTC)))


@cli.command("map")
@click.argument("quantities", type=artefact)
def map_usage(quantities: Path) -> None:
    """Map QUANTITIES, an artefact of derive, to usage; prints the artefact's path."""
    workspace = Workspace.open()
    click.echo(steps.map_usage(workspace.store, workspace.catalog, quantities, workspace.home))


@cli.command()
@click.argument("usage", type=artefact)
def validate(usage: Path) -> None:
    """Validate USAGE, an artefact of map; prints the verdict's path."""
    workspace = Workspace.open()
    click.echo(steps.validate_usage(workspace.store, workspace.catalog, usage, workspace.home))


@cli.command()
@click.argument("usage", type=artefact)
@click.argument("verdict", type=artefact)
@reason
def load(usage: Path, verdict: Path, reason: str) -> None:
    """Load USAGE with its VERDICT into the store, as Pending."""
    workspace = Workspace.open()
    click.echo(steps.load(workspace.store, workspace.catalog, usage, verdict, workspace.home, reason=reason, by=user()))


@cli.command()
@click.argument("meter")
@period
@reason
def run(meter: str, period: Period, reason: str) -> None:
    """Take METER's PERIOD from readings to the store: derive, map, validate, load."""
    click.echo(steps.run_meter(Workspace.open(), meter, period, at=datetime.now(UTC), reason=reason, by=user()))


@cli.command()
@click.argument("meter")
@period
def diff(meter: str, period: Period) -> None:
    """Tell what a run of METER would change in the store's usage of PERIOD, in quantity and money; loads nothing."""
    workspace = Workspace.open()
    paths = steps.prepare_usage(workspace, meter, period, at=datetime.now(UTC))
    click.echo(diffs.describe(diffs.diff(workspace.store, workspace.catalog, *paths), workspace.catalog.units))


@cli.command()
@click.argument("meter")
@period
def preview(meter: str, period: Period) -> None:
    """Print the records that METER would make of PERIOD, and where every reading would go; loads nothing."""
    for line in show_preview(Workspace.open(), meter, period, at=datetime.now(UTC)):
        click.echo(line)


@cli.command()
@period
def export(period: Period) -> None:
    """Write the usage, rated items and invoices of PERIOD as files, with a workbook, invoice pages and a chart."""
    workspace = Workspace.open()
    for file in steps.export(workspace.store, workspace.catalog, period, workspace.home):
        click.echo(f"{workspace.home / 'exports' / file.path}  {file.rows} rows, control total {file.control_total:f}")


@cli.command()
def status() -> None:
    """Tell what landed, where every row is, what is billed, and where the exports lie."""
    workspace = Workspace.open()
    click.echo(status_report.summary(workspace.store, workspace.catalog.units))


for module in (billing, dismiss, funds, invoices, notify, proof, send, units, uploads, usage):
    for command in module.COMMANDS:
        cli.add_command(command)


if __name__ == "__main__":
    main()
