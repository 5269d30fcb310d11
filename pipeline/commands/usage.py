"""Commands about the usage that the store holds: delete, preflight, sweep, export."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from pipeline.billing import preflight as preflights
from pipeline.billing import sweep as sweeps
from pipeline.commands.number import NUMBER
from pipeline.commands.period import PeriodType, period
from pipeline.commands.who import user, why
from pipeline.exports.usage_export import export_usage as write_usage
from pipeline.exports.usage_files import FORMS
from pipeline.steps import Workspace
from pipeline.store.following import UsageFilter
from pipeline.usage.delete import Selection
from pipeline.usage.delete import delete as delete_usage
from transforms.period import Period


class InstantType(click.ParamType[datetime]):
    """An instant on the command line, in ISO 8601; without an offset it is UTC."""

    name = "instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the instant; a wrong one is a usage error."""
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no instant; write 2025-03-01 or 2025-03-01T00:00:00+00:00", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.command()
@click.option("--record", "record_ids", type=NUMBER, multiple=True, metavar="NUMBER", help="A record; may be repeated.")
@click.option("--import", "import_id", metavar="IMPORT_ID", help="All records of an import.")
@click.option("--file", "file_name", metavar="NAME", help="All records of the uploads of this file name.")
@why
@click.option("--dry-run/--no-dry-run", default=True, help="Only tell what would go, or delete it.  [default: dry run]")
def delete(
    record_ids: tuple[int, ...], import_id: str | None, file_name: str | None, reason: str, *, dry_run: bool
) -> None:
    """Delete Pending usage: all of what is chosen, or nothing. What is billed stays."""
    selection = Selection(record_ids, import_id, file_name)
    store = Workspace.open(whole_catalog=False).store
    click.echo(delete_usage(store, selection, by=user(), reason=reason, dry_run=dry_run))


@click.command()
@period
def preflight(period: Period) -> None:
    """List the Pending usage of PERIOD that its bill run will not pick up, why, and the money at risk."""
    workspace = Workspace.open()
    found = preflights.preflight(workspace.store, workspace.catalog, period)
    click.echo(preflights.describe(found, workspace.catalog.units))


@click.command()
@click.option("--days", type=click.IntRange(min=0), default=sweeps.GRACE.days, show_default=True, help="After its end.")
def sweep(days: int) -> None:
    """List the Pending usage that is past its bill run: the period was billed, or ended so many days ago."""
    workspace = Workspace.open()
    found = sweeps.sweep(workspace.store, workspace.catalog, datetime.now(UTC), grace=timedelta(days=days))
    click.echo(sweeps.describe(found))


@click.command("export-usage")
@click.option("--form", type=click.Choice(list(FORMS)), default="csv", show_default=True, help="What to write.")
@click.option("--account", "account_number", metavar="NUMBER", help="Of this account.")
@click.option("--subscription", "subscription_number", metavar="NUMBER", help="Of this subscription.")
@click.option("--charge", metavar="NUMBER", help="Of this charge, by its number or its name in the catalog.")
@click.option("--period", type=PeriodType(), help="Of this billing period.")
@click.option("--status", type=click.Choice(["Pending", "Processed"]), help="In this status.")
@click.option("--import", "import_id", metavar="IMPORT_ID", help="Of this import.")
@click.option("--from", "start_from", type=InstantType(), help="That starts at this instant or later.")
@click.option("--to", "start_to", type=InstantType(), help="That starts before this instant.")
@click.option(
    "--since", type=InstantType(), help="What was changed or deleted since: the watermark of an export before."
)
def export_usage(form: str, since: datetime | None, **wanted: Any) -> None:  # noqa: ANN401 the options above, by name
    """Write the usage that these options let through: all that is active, or what was changed since a watermark."""
    workspace = Workspace.open(whole_catalog=False)
    click.echo(write_usage(workspace.store, workspace.home, UsageFilter(**wanted), form, since=since))


COMMANDS: tuple[click.Command, ...] = (delete, preflight, sweep, export_usage)
