"""Unbilled usage: quantity and amount so far of every charge and billing period that is not billed; nothing is changed.

What meters will bill of a period that still runs is derived from the readings that have landed, and kept nowhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count, groupby

import sqlalchemy as sa

from pipeline.billing.due import due
from pipeline.billing.preflight import Intake
from pipeline.catalog.catalog import Catalog
from pipeline.layout import table
from pipeline.proof.remake import Remade, remake
from pipeline.quantities.situation import situation_of
from pipeline.steps import Workspace
from pipeline.store import billing, customers, ledger
from transforms.catalog.units import Units
from transforms.cycles import cycles_of
from transforms.errors import MeterbridgeError
from transforms.figures import plain
from transforms.period import Period
from transforms.rating.asked import Asked
from transforms.rating.lines import exact_sum
from transforms.rating.usage import RatedItem, UsageLine
from transforms.usage.usage import UsageRecord


@dataclass(frozen=True)
class Unbilled:
    """Usage of a charge and billing period so far: what it is worth, what of that was billed, and what was not.

    It is that of its rating groups of which not all is billed.
    """

    period: str
    account_number: str
    subscription_number: str
    charge_number: str
    charge: str
    quantity: Decimal
    uom: str
    worth: Decimal
    billed: Decimal
    unbilled: Decimal
    currency: str


@dataclass(frozen=True)
class UnbilledUsage:
    """What is not billed, by period and charge number, and the periods that cannot be rated, each with the reason."""

    found: tuple[Unbilled, ...]
    problems: dict[str, str]


def unbilled(workspace: Workspace, *, at: datetime, account: str | None = None) -> UnbilledUsage:
    """Rate every billing period that has Pending usage, or that runs at an instant; of one account, or of all."""
    found: list[Unbilled] = []
    problems: dict[str, str] = {}
    for period, meters in _open(workspace.store, workspace.catalog, at).items():
        try:
            items = _rated(workspace, period, meters)
        except MeterbridgeError as error:
            problems[str(period)] = str(error)
        else:
            mine = (item for item in items if account in {None, item.account_number})
            found += _by_charge(period, mine)
    return UnbilledUsage(tuple(found), problems)


def describe(usage: UnbilledUsage, units: Units) -> str:
    """Lay out what is not billed."""
    header = ("period", "account", "charge number", "charge", "quantity", "unit", "worth", "billed", "unbilled", "")
    rows = [
        (each.period, each.account_number, each.charge_number, each.charge, plain(each.quantity), each.uom,
         *(units.money(amount, each.currency) for amount in (each.worth, each.billed, each.unbilled)), each.currency)
        for each in usage.found
    ]  # fmt: skip
    problems = (f"  {period} cannot be rated: {reason}" for period, reason in usage.problems.items())
    return "\n".join([table(header, rows), *problems])


def _open(store: sa.Engine, catalog: Catalog, at: datetime) -> dict[Period, list[str]]:
    """List the periods that are not billed, each with the meters of which it runs and is not loaded."""
    today = at.astimezone(UTC).date()
    with store.begin() as connection:
        accounts, charges = customers.everybody(connection)
        pending = billing.pending_periods(connection)
        found: dict[Period, list[str]] = {period: [] for period in pending}
        for name, meter in catalog.meters.items():
            for cycle in cycles_of(accounts, charges, catalog.charge_of(meter)):
                found.setdefault(cycle.period_of(today), []).append(name)
        done = {period: ledger.meters_done(connection, period) for period, meters in found.items() if meters}
    left = {period: [name for name in meters if name not in done.get(period, ())] for period, meters in found.items()}
    return {period: left[period] for period in sorted(left) if left[period] or period in pending}


def _rated(workspace: Workspace, period: Period, meters: Iterable[str]) -> Iterable[RatedItem]:
    """Rate a period as if what its meters have so far were loaded."""
    lines = list(_so_far(workspace, period, meters))
    with workspace.store.begin() as connection:
        items = due(connection, workspace.catalog, Asked(period), lock=False, beside=lines).items
    return (item for item in items if item.record_ids)


def _so_far(workspace: Workspace, period: Period, meters: Iterable[str]) -> Iterator[UsageLine]:
    """Derive what the landed readings of a period come to, as far as a bill run would take it.

    The lines have numbers below 0: no record has.
    """
    records = [made.record for meter in meters for made in _made(workspace, period, meter)]
    with workspace.store.begin() as connection:
        # After the records are made: who is registered meanwhile is known to it as well.
        intake = Intake.read(connection, workspace.catalog)
    numbers = count(-1, -1)
    for record in records:
        if intake.obstacle(vars(record)) is None:
            yield _line(record, period, intake.accounts[record.account_number].time_zone, next(numbers))


def _made(workspace: Workspace, period: Period, meter: str) -> Iterable[Remade]:
    situation = situation_of(workspace.store, workspace.catalog, workspace.catalog.meter(meter), period)
    return remake(workspace.store, workspace.catalog, situation, workspace.home).values()


def _line(record: UsageRecord, period: Period, time_zone: str, number: int) -> UsageLine:
    names = ("account_number", "subscription_number", "uom", "quantity", "start_at", "custom_fields")
    window = period.window(time_zone)
    return UsageLine(
        **{name: getattr(record, name) for name in names},
        record_id=number,
        charge_number=record.charge_number or "",
        charge=record.charge or "",
        time_zone=time_zone,
        period_start=window.start,
        period_end=window.end,
        status="Pending",
        import_id="so far",
    )


def _by_charge(period: Period, items: Iterable[RatedItem]) -> Iterator[Unbilled]:
    """Add up the groups of each charge; items come in the order of account and charge number."""
    names = ("account_number", "subscription_number", "charge_number", "charge", "uom", "currency")
    for key, group in groupby(items, key=lambda item: tuple(getattr(item, name) for name in names)):
        each = list(group)
        yield Unbilled(
            period=str(period),
            **dict(zip(names, key, strict=True)),
            quantity=exact_sum(item.quantity for item in each),
            worth=exact_sum(item.amount_total for item in each),
            billed=exact_sum(item.billed_before for item in each),
            unbilled=exact_sum(item.amount for item in each),
        )
