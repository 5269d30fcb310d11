"""Dynamic pricing: a decision table finds the price of each record by its custom fields and its start."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from transforms.catalog.decision_table import Base, DecisionRow, Dynamic, Priced, RowKey
from transforms.catalog.pricing import FlatFee, PerUnit
from transforms.rating.bounds import clamp
from transforms.rating.fields import filled
from transforms.rating.lines import EXACT


@dataclass(frozen=True)
class Chosen:
    """What prices a record; `row` is the one by which the amounts of its tiers are adjusted and bounded, if any."""

    pricing: Priced
    row: DecisionRow | None = None


def choose(model: Dynamic, custom_fields: Mapping[str, str], start_at: datetime, subscription_number: str) -> Chosen:
    """Find what prices a record: the row of its attributes that holds at its start, else the list price.

    A row negotiated for the subscription comes before a standard one. ValueError where a custom field is missing or
    blank, and where no row holds and the charge says `fallback: fail`.
    """
    values = _read_attributes(model, custom_fields)
    if (row := _row(model, values, start_at, subscription_number)) is not None:
        return _chosen(model.base, row)
    if model.list_price is None:
        raise ValueError(_absence(model, values, start_at, subscription_number))
    return Chosen(model.list_price)


def _chosen(base: Base, row: DecisionRow) -> Chosen:
    if row.price is None:
        return Chosen(row.tiered if base is Base.TIERED else row.volume, row)
    price = clamp(EXACT.multiply(row.price, row.factor), row)
    if base is Base.FLAT_FEE:
        return Chosen(FlatFee(model="flat_fee", price=price))
    return Chosen(PerUnit(model="per_unit", price=price))


def _read_attributes(model: Dynamic, custom_fields: Mapping[str, str]) -> tuple[str, ...]:
    """Read the attributes' values in the order of their names; ValueError lists the fields without one."""
    values, wrong = [], []
    for name in sorted(model.attributes):
        try:
            values.append(filled(custom_fields, model.attributes[name]))
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(values)


def _row(model: Dynamic, values: tuple[str, ...], at: datetime, subscription_number: str) -> DecisionRow | None:
    """Find the row; the price of a negotiated one without bounds has those of the standard row it stands for."""
    standard = _row_at(model, (None, values), at)
    row = _row_at(model, (subscription_number, values), at)
    if row is None or standard is None or row.tiers or (row.minimum, row.maximum) != (None, None):
        return row or standard
    return row.model_copy(update={"minimum": standard.minimum, "maximum": standard.maximum})


def _row_at(model: Dynamic, key: RowKey, at: datetime) -> DecisionRow | None:
    return next((row for row in model.rows.get(key, ()) if row.effective <= at), None)


def absence(
    model: Dynamic, custom_fields: Mapping[str, str], start_at: datetime, subscription_number: str
) -> str | None:
    """Say why no row holds for a record; None where one does. ValueError as for `choose`."""
    values = _read_attributes(model, custom_fields)
    if _row(model, values, start_at, subscription_number) is not None:
        return None
    return _absence(model, values, start_at, subscription_number)


def _absence(model: Dynamic, values: tuple[str, ...], start_at: datetime, subscription_number: str) -> str:
    named = ", ".join(f"{name} {value!r}" for name, value in zip(sorted(model.attributes), values, strict=True))
    later = [row.effective for of in (subscription_number, None) for row in model.rows.get((of, values), ())]
    if later:
        return f"it starts at {start_at.isoformat()}, before the first price for {named}, of {min(later).isoformat()}"
    return f"the decision table has no row for {named}"
