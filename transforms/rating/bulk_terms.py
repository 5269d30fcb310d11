"""What charges say, as small tables for an engine: found by asking the files of the charge models, not told again."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from transforms.catalog.charge import Charge
from transforms.catalog.decision_table import Dynamic, RowKey
from transforms.catalog.models import Pricing
from transforms.catalog.pricing import Overage, PerUnit, Tier, Tiered, TieredWithOverage, Volume
from transforms.catalog.units import Unit, Units
from transforms.exact import Rounding
from transforms.period import micros
from transforms.rating.dynamic import choose
from transforms.rating.lines import EXACT, TierLine, exact_sum, worth, written
from transforms.rating.price import price

FIGURE = pa.decimal128(18, 9)
LINE = ("base", "price", "opening", "closing")
TERMS: dict[str, pa.DataType] = {
    "of_charge": pa.string(), "charge_uom": pa.string(), "currency": pa.string(), "places": pa.int64(), "step": FIGURE,
    "offset": FIGURE,
}  # fmt: skip
TIERS: dict[str, pa.DataType] = {
    "tier_of": pa.string(), "over": FIGURE, "up_to": FIGURE, "start": FIGURE, "line_places": pa.int64(),
    "between": pa.string(),
}  # fmt: skip
ZERO, MOST = Decimal(0), Decimal("999999999.999999999")  # the most that fits a figure
SPAN, FOREVER_US = ("from_us", "until_us"), 2**63 - 1
HOLE = "#"  # of a written line, where its units belong


@dataclass(frozen=True)
class Scale:
    """How many decimals units and prices have at most, and the type in which they are worth something."""

    units: int
    price: int
    worth: pa.Decimal128Type

    @property
    def line(self) -> dict[str, pa.DataType]:
        """The types of a LINE; a price has 128 bits, and so has what it is multiplied to: that never overflows."""
        kinds = (self.worth, pa.decimal128(19, self.price), pa.string(), pa.string())
        return dict(zip(LINE, kinds, strict=True))


def decimals(figure: Decimal) -> int:
    """Count the decimals that a figure is written with."""
    exponent = figure.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101 the catalog has finite figures only
    return max(-exponent, 0)


def tiers_of(pricing: Pricing) -> tuple[Tier, ...]:
    """Give the tiers of a model that has any; a decision table's prices have none."""
    match pricing:
        case PerUnit():
            return (Tier(price=pricing.price),)
        case Tiered() | Volume():
            return pricing.tiers
        case Overage() | TieredWithOverage():
            return pricing.table.tiers
        case _:
            return ()


def terms(charges: Iterable[Charge], units: Units, scale: Scale) -> ir.Table:
    """Give a row for each of these charges: what it counts in, and its roundings."""
    columns = TERMS | {"money_step": scale.worth, "money_offset": scale.worth}
    return _table((_terms(charge, units, scale) for charge in charges), columns)


def _terms(charge: Charge, units: Units, scale: Scale) -> dict[str, Any]:
    unit, currency = units.units[charge.uom], units.currencies[charge.currency]
    return {
        "of_charge": charge.charge,
        "charge_uom": charge.uom,
        "currency": charge.currency,
        "places": unit.decimals,
        "step": (step := Decimal(1).scaleb(-unit.decimals)),
        "offset": _offset(step, unit.rounding, FIGURE.scale),
        "money_step": currency.step,
        "money_offset": _offset(currency.step, currency.rounding, scale.worth.scale),
    }


def _offset(step: Decimal, rounding: Rounding, scale: int) -> Decimal:
    """Tell what to add to a figure of so many digits for its whole steps to be what it is rounded to."""
    match rounding:
        case Rounding.UP:
            return step - Decimal(1).scaleb(-scale)
        case Rounding.HALF_UP:
            return step / 2
        case _:
            return Decimal(0)


def tiers(charges: Iterable[Charge], units: Units, scale: Scale) -> ir.Table:
    """Give a row for each stretch of quantities, above `over` and up to `up_to`, in which a charge has one formula.

    A quantity is worth `base`, and `price` for each unit above `start`; its breakdown is `opening`, these units, where
    they stand in two lines `between` and the units again, and `closing`. A quantity without a row has no price.
    """
    rows = (row for charge in charges for row in tier_rows(charge, units.units[charge.uom]))
    return _table(rows, TIERS | scale.line)


def tier_rows(charge: Charge, unit: Unit) -> Iterator[dict[str, Any]]:
    """Ask the model for its breakdown in each tier, and of no usage at all; a row of `tiers` each."""
    if isinstance(charge.pricing, Dynamic):
        return
    nothing = price(unit.round(ZERO), charge.pricing)
    none = {"tier_of": charge.charge, "over": Decimal(-1), "up_to": ZERO, "base": worth(nothing), "price": ZERO}
    yield none | {"start": ZERO, "line_places": None, "opening": _texts(nothing), "between": None, "closing": ""}
    over = ZERO
    for up_to in (*(tier.up_to for tier in tiers_of(charge.pricing) if tier.up_to is not None), MOST):
        quantity = over + 1 if up_to == MOST else up_to
        try:
            found = price(quantity, charge.pricing)
        except ValueError:  # it is above the last tier, and refused
            return
        yield {"tier_of": charge.charge, "over": over, "up_to": up_to} | _formula(found, quantity, unit.decimals)
        over = up_to


def _formula(lines: Sequence[TierLine], quantity: Decimal, places: int) -> dict[str, Any]:
    """Tell how a breakdown depends on the units of its last tier; tiers below that are full, whatever the quantity."""
    last = [line for line in lines if line.tier == lines[-1].tier]
    full = lines[: -len(last)]
    start = EXACT.subtract(quantity, last[0].units)
    (opening, behind), *second = [_ends(line) for line in last]
    return {
        "base": EXACT.add(worth(full), exact_sum(line.price for line in last if line.format != "per_unit")),
        "price": exact_sum(line.price for line in last if line.format == "per_unit"),
        "start": start,
        "line_places": max(places, decimals(last[0].above)) if start else places,
        "opening": (_texts(full) + ", " if full else "") + opening,
        "between": f"{behind}, {second[0][0]}" if second else None,
        "closing": second[0][1] if second else behind,
    }


def _texts(lines: Iterable[TierLine]) -> str:
    return ", ".join(json.dumps(written(line)) for line in lines)


def decisions(model: Dynamic, scale: Scale) -> dict[bool, ir.Table]:
    """Give the prices of a decision table, each for as long as it holds: subscriptions' own (True), and those for all.

    A subscription's are complete: standard rows stand among them where they hold for it. The columns are
    `row_subscription`, `row_` and the name of each attribute, from_us, until_us, and LINE.
    """
    names = ["row_subscription", *(f"row_{name}" for name in sorted(model.attributes))]
    columns = {name: pa.string() for name in names} | dict.fromkeys(SPAN, pa.int64()) | scale.line
    keys: dict[bool, list[RowKey]] = {False: [], True: []}
    for key in model.rows:
        keys[key[0] is not None].append(key)
    return {
        negotiated: _table((row for key in found for row in _decided(model, key)), columns)
        for negotiated, found in keys.items()
        if found
    }


def _decided(model: Dynamic, key: RowKey) -> Iterator[dict[str, Any]]:
    """Tell the price of a key from each instant on at which one of its rows begins, until the next."""
    subscription, values = key
    named = {f"row_{name}": value for name, value in zip(sorted(model.attributes), values, strict=True)}
    found = [*segments(model, key)]
    following = (*(from_us for from_us, _ in found[1:]), FOREVER_US)
    for (from_us, line), until_us in zip(found, following, strict=False):  # a key that no record has, has none
        span = {"row_subscription": subscription, "from_us": from_us, "until_us": until_us}
        yield named | span | _formula((line,), ZERO, 0)


def segments(model: Dynamic, key: RowKey) -> Iterator[tuple[int, TierLine]]:
    """Tell the line of a unit from each instant on, in microseconds, at which a row of a key begins to hold."""
    subscription, values = key
    if any(not value or value != value.strip() for value in values):
        return  # no record has such a value: theirs are filled, without spaces around
    fields = {model.attributes[name]: value for name, value in zip(sorted(model.attributes), values, strict=True)}
    rows = (*model.rows[key], *model.rows.get((None, values), ()))
    for effective in sorted({row.effective for row in rows}):
        chosen = choose(model, fields, effective, subscription or "")
        (line,) = price(Decimal(0), chosen.pricing)
        yield micros(effective), line


def _ends(line: TierLine) -> tuple[str, str]:
    """Write a line, and give what stands before its units and behind them."""
    opening, _, closing = json.dumps(written(line) | {"units": HOLE}).partition(HOLE)
    return opening, closing


def _table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, pa.DataType]) -> ir.Table:
    found = list(rows)
    return ibis.memtable(
        pa.table({name: pa.array([row[name] for row in found], kind) for name, kind in columns.items()})
    )
