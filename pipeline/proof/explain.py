"""Explain a rated item: from the raw rows to the amount, each figure made again and held against the stored one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from pipeline.billing.commitments import settled_with
from pipeline.billing.prepaid import recorded
from pipeline.billing.rerate import item_text, rate_again, row_text
from pipeline.catalog.catalog import Catalog
from pipeline.proof.explain_record import Explainer, Told
from pipeline.proof.seal import Manifest, SealedFile, read
from pipeline.proof.sealed_rules import unseal_rules
from pipeline.store import closing, customers, lineage
from transforms.catalog.customers import Account, by_number
from transforms.catalog.units import Currency, Unit
from transforms.errors import MeterbridgeError
from transforms.figures import plain
from transforms.period import Period
from transforms.rating import lines
from transforms.rating.lines import TierLine, exact_sum
from transforms.rating.prepaid import Recorded
from transforms.rating.usage import RatingError

SUMMANDS_SHOWN = 12
ONCE = {
    "flat": "flat ",
    "adjustment": "adjusted by ",
    "minimum": "brought to its minimum by ",
    "maximum": "brought to its maximum by ",
}
COMMITTED = {
    "committed": "committed",
    "contributed": "billed towards it, taken off",
    "exceeded": "billed beyond it",
}


class UnknownItemError(MeterbridgeError):
    """There is no rated item of this number."""


@dataclass(frozen=True)
class Behind:
    """What an item is made of: usage, its group's earlier items, what counts towards a commitment, what was drawn."""

    rows: Sequence[sa.RowMapping]
    before: Sequence[sa.RowMapping]
    towards: Sequence[sa.RowMapping]
    drawn: Recorded


@dataclass(frozen=True)
class Explained:
    """What is told of an item, and every stored figure that does not come out when it is made again."""

    lines: list[str]
    differences: list[str]

    def __str__(self) -> str:
        verdict = [f"DIFFERS: {each}" for each in self.differences] or ["every figure comes out as it is stored"]
        return "\n".join([*self.lines, *verdict])


def explain(store: sa.Engine, catalog: Catalog, item_id: int, home: Path) -> Explained:
    """Explain a rated item by the rules that its period was sealed with, else by those of the catalog as it is now.

    UnknownItemError when there is no such item.
    """
    with store.begin() as connection:
        if (item := lineage.item(connection, item_id)) is None:
            raise UnknownItemError(f"there is no rated item {item_id}; `meterbridge invoice` tells those of an invoice")
        rows = lineage.records(connection, item_id)
        before = lineage.items_before(connection, item)
        accounts = by_number(customers.all_accounts(connection))
        seals = closing.seals(connection, item["period"])
    sealed = _sealed(seals, item["bill_run_id"], home)
    catalog = (unseal_rules(sealed.rules) if sealed else catalog).of(Period.parse(item["period"]))
    explainer = Explainer(store, catalog, home, accounts)
    head = _head(catalog, item, seals[-1]["sha256"] if sealed else None)
    told = [Told(list(head)), *(explainer.record(row) for row in rows)]
    behind = Behind(rows, before, settled_with(store, catalog, item), recorded(store, item["bill_run_id"]))
    told.append(Told(list(_price(catalog, item, behind)), _rated_otherwise(catalog, item, behind, accounts)))
    return Explained([line for each in told for line in each.lines], [why for each in told for why in each.differences])


def _sealed(seals: Sequence[sa.RowMapping], run: str, home: Path) -> Manifest | None:
    """Find the latest seal of a period, if it has a bill run in it."""
    if not seals:
        return None
    manifest = read(SealedFile(path=seals[-1]["path"], sha256=seals[-1]["sha256"]), home)
    return manifest if run in manifest.bill_runs else None


def _head(catalog: Catalog, item: sa.RowMapping, seal: str | None) -> Iterator[str]:
    amount = catalog.units.with_currency(item["amount"], item["currency"])
    yield f"item {item['item_id']}: {amount} for {item['period']}"
    yield (
        f"  account {item['account_number']}, subscription {item['subscription_number']}, charge "
        f"{item['charge_number']} ({item['charge']})"
    )
    yield f"  billed by bill run {item['bill_run_id']}, {item['billed_at']:%Y-%m-%d %H:%M} UTC"
    yield f"  made again by the rules {f'that were sealed as {seal}' if seal else 'of the catalog as it is now'}"


def _price(catalog: Catalog, item: sa.RowMapping, behind: Behind) -> Iterator[str]:
    """Tell how the group's units became the amount, as it is stored."""
    rows, uom = behind.rows, item["uom"]
    total = exact_sum(row["quantity"] for row in rows)
    charge, unit = catalog.charges.get(item["charge"]), catalog.units.units.get(uom)
    currency = catalog.units.currencies.get(item["currency"])
    shown = partial(catalog.units.money, currency=item["currency"])
    yield "group: " + (item["group_key"] or "the whole billing period") + f", {len(rows)} records"
    yield f"  sum: {_added([row['quantity'] for row in rows])}{plain(total)} {uom}"
    if charge is not None:
        yield f"  model: {charge.pricing.model}, records rated {charge.rate_records.value}"
    yield f"  priced: {plain(item['quantity'])} {uom}{_rounding(unit)}"
    for each in behind.towards:
        yield f"  counts towards it: item {each['item_id']}, {each['charge']} {each['period']}: {shown(each['amount'])}"
    breakdown = [*map(lines.read, item["breakdown"])]
    yield from (f"  {_tier(line)}" for line in breakdown)
    yield f"  together: {plain(lines.worth(breakdown))}; rounded{_rounding(currency)}: {shown(item['amount_total'])}"
    yield from (f"  billed before by item {each['item_id']}: {shown(each['amount'])}" for each in behind.before)
    yield f"  billed before: {shown(item['billed_before'])}"
    yield f"amount: {shown(item['amount'])} {item['currency']}"


def _rounding(by: Unit | Currency | None) -> str:
    """Tell how units or money are rounded; nothing where the catalog does not know them any more."""
    if by is None:
        return ""
    in_steps = f" in steps of {plain(by.increment)}" if isinstance(by, Currency) and by.increment else ""
    return f", to {by.decimals} decimals{in_steps}, {by.rounding.value}"


def _added(quantities: Sequence[Decimal]) -> str:
    """Write an addition that is short enough to be read."""
    return f"{' + '.join(map(plain, quantities))} = " if 1 < len(quantities) <= SUMMANDS_SHOWN else ""


def _tier(line: TierLine) -> str:
    price, units = plain(line.price), plain(line.units)
    if words := COMMITTED.get(line.format):
        return f"{words}: {price}"
    if line.format == "prepaid":
        return f"prepaid: {units}, drawn from funds"
    where = f"tier {line.tier}, above {plain(line.above)}" + (f" up to {plain(line.up_to)}" if line.up_to else "")
    if line.format == "per_unit":
        return f"{where}: {units} at {price} = {plain(line.amount)}"
    return f"{where}: {ONCE[line.format]}{price}"


def _rated_otherwise(
    catalog: Catalog, item: sa.RowMapping, behind: Behind, accounts: Mapping[str, Account]
) -> list[str]:
    """Rate the item's records again, and say what comes out otherwise."""
    key = item["charge_number"], item["period_start"]
    billed = {(*key, item["group_key"]): item["billed_before"]} if behind.before else {}
    contributed = {key: exact_sum(each["amount"] for each in behind.towards)}
    try:
        made = rate_again(catalog, behind.rows, accounts, billed, [item], contributed=contributed, funds=behind.drawn)
        found = [item_text(each) for each in made]
    except (RatingError, KeyError) as error:
        return [f"item {item['item_id']}: it cannot be rated again: {error}"]
    if not found and not behind.rows and item["amount_total"] == 0:
        return []  # its group has lost its usage: what was billed of it was given back
    stored = row_text(item)
    return [] if found == [stored] else [f"item {item['item_id']}: stored {stored}, rated again {'; '.join(found)}"]
