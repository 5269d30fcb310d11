"""Commands about bill runs: rate, post, cancel, and what there is."""

from datetime import UTC, datetime

import click

from pipeline import steps
from pipeline.billing.post import cancel as cancel_run
from pipeline.commands.period import PeriodType, period
from pipeline.commands.who import user, why
from pipeline.layout import table
from pipeline.reports.bill_preview import preview
from pipeline.reports.unbilled import describe, unbilled
from pipeline.steps import Workspace
from pipeline.store import bill_runs
from transforms.period import Period
from transforms.rating.asked import Asked

LISTED = 50
DATE = click.DateTime(["%Y-%m-%d"])


@click.command()
@period
@click.option("--batch", help="Bill only the accounts of this batch.")
@click.option(
    "--target-date", type=DATE, help="Before the period has ended: bill on-demand usage that starts before this day."
)
@click.option("--reason", default="", help="Why what was billed may come to another amount; it is kept.")
@click.option("--preview", "only_look", is_flag=True, help="Tell what would be billed, and change nothing.")
def rate(period: Period, batch: str | None, target_date: datetime | None, reason: str, *, only_look: bool) -> None:
    """Make the bill run of PERIOD: Pending usage becomes Processed, and rated items say what is due."""
    workspace, asked = Workspace.open(), Asked(period, batch, None if target_date is None else target_date.date())
    if only_look:
        click.echo(preview(workspace.store, workspace.catalog, asked))
        return
    at, who = datetime.now(UTC), user()
    click.echo(steps.rate(workspace.store, workspace.catalog, asked, workspace.home, at=at, by=who, reason=reason))


@click.command()
@period
def post(period: Period) -> None:
    """Post what is rated of PERIOD: it is final, and invoices are made."""
    click.echo(steps.post(Workspace.open(whole_catalog=False).store, period, by=user()))


@click.command()
@click.argument("bill_run")
@why
def cancel(bill_run: str, reason: str) -> None:
    """Cancel BILL_RUN, which is not posted: its usage is Pending again."""
    click.echo(cancel_run(Workspace.open(whole_catalog=False).store, bill_run, by=user(), reason=reason))


@click.command("bill-runs")
@click.argument("period", type=PeriodType(), required=False)
def list_bill_runs(period: Period | None) -> None:
    """List the bill runs of PERIOD, or of all; the latest first."""
    with Workspace.open(whole_catalog=False).store.begin() as connection:
        found = bill_runs.listed(connection, limit=LISTED, period=None if period is None else str(period))
    names = ("bill_run_id", "period", "status", "batch", "target_date", "records", "updated_by", "reason")
    rows = [["" if row[name] is None else row[name] for name in names] for row in found]
    click.echo(table(("bill run", "period", "status", "batch", "target", "records", "by", "reason"), rows))


@click.command("unbilled")
@click.argument("account", required=False)
def show_unbilled(account: str | None) -> None:
    """Tell quantity and amount so far of all that is not billed, of ACCOUNT or of all; changes nothing."""
    workspace = Workspace.open()
    click.echo(describe(unbilled(workspace, at=datetime.now(UTC), account=account), workspace.catalog.units))


COMMANDS = (rate, post, cancel, list_bill_runs, show_unbilled)
