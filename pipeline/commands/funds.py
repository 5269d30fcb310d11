"""Commands about prepaid units."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import click
import sqlalchemy as sa

from pipeline.layout import table
from pipeline.steps import Workspace
from pipeline.store import funds
from transforms.figures import plain

FUND = ("account", "fund", "kind", "from", "until", "left", "unit")
ENTRY = ("fund", "kind", "from", "entry", "units", "unit", "bill run of", "usage of")


@click.command("funds")
@click.argument("account", required=False)
def list_funds(account: str | None) -> None:
    """List the prepaid units of ACCOUNT, or of all, and every entry of their ledger; days are the account's own."""
    with Workspace.open(whole_catalog=False).store.begin() as connection:
        held, entries = funds.balances(connection, account), funds.ledger(connection, account)
    click.echo(f"Funds\n{table(FUND, map(_fund, held))}\nLedger\n{table(ENTRY, map(_entry, entries))}")


def _fund(row: sa.RowMapping) -> tuple[object, ...]:
    days = _day(row["start_at"], row), _day(row["end_at"], row)
    return row["account_number"], row["charge_number"], row["kind"], *days, plain(row["balance"]), row["uom"]


def _entry(row: sa.RowMapping) -> tuple[object, ...]:
    fund = row["fund"], row["kind"], _day(row["start_at"], row)
    units = ("+" if row["units"] > 0 else "") + plain(row["units"])
    return *fund, row["type"], units, row["uom"], row["period"] or "", row["charge_number"] or ""


def _day(at: datetime, row: sa.RowMapping) -> date:
    return at.astimezone(ZoneInfo(row["time_zone"])).date()


COMMANDS: tuple[click.Command, ...] = (list_funds,)
