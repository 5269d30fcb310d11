"""Dynamic pricing: a decision table finds the price of each record by its custom fields and its start."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from transforms.decision_table import Base, DecisionRow, Dynamic, RowKey
from transforms.pricing import FlatFee, PerUnit, Tiered, Volume
from transforms.rating.fields import filled


def choose(
    model: Dynamic, custom_fields: Mapping[str, str], start_at: datetime, subscription_number: str
) -> FlatFee | PerUnit | Tiered | Volume:
    """Find what prices a record: the row of its attributes that holds at its start, else the list price.

    A row negotiated for the subscription comes before a standard one. ValueError where a custom field is missing or
    blank, and where no row holds and the charge says `fallback: fail`.
    """
    values = _read_attributes(model, custom_fields)
    found = _price(model, values, start_at, subscription_number)
    if found is None and model.list_price is not None:
        return model.list_price
    if found is None:
        raise ValueError(_absence(model, values, start_at, subscription_number))
    if model.base is Base.FLAT_FEE:
        return FlatFee(model="flat_fee", price=found)
    return PerUnit(model="per_unit", price=found)


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


def _price(model: Dynamic, values: tuple[str, ...], at: datetime, subscription_number: str) -> Decimal | None:
    """Find a price within its bounds; a negotiated row without bounds has those of the standard row it stands for."""
    standard = _row_at(model, (None, values), at)
    row = _row_at(model, (subscription_number, values), at) or standard
    if row is None:
        return None
    bounds = row if row.minimum is not None or row.maximum is not None or standard is None else standard
    return clamp(row.price, bounds.minimum, bounds.maximum)


def clamp(price: Decimal, minimum: Decimal | None, maximum: Decimal | None) -> Decimal:
    """Bring a price up to the minimum, or down to the maximum, where there are any."""
    raised = price if minimum is None else max(price, minimum)
    return raised if maximum is None else min(raised, maximum)


def _row_at(model: Dynamic, key: RowKey, at: datetime) -> DecisionRow | None:
    return next((row for row in model.rows.get(key, ()) if row.effective <= at), None)


def absence(
    model: Dynamic, custom_fields: Mapping[str, str], start_at: datetime, subscription_number: str
) -> str | None:
    """Say why no row holds for a record; None where one does. ValueError as for `choose`."""
    values = _read_attributes(model, custom_fields)
    if _price(model, values, start_at, subscription_number) is not None:
        return None
    return _absence(model, values, start_at, subscription_number)


def _absence(model: Dynamic, values: tuple[str, ...], start_at: datetime, subscription_number: str) -> str:
    named = ", ".join(f"{name} {value!r}" for name, value in zip(sorted(model.attributes), values, strict=True))
    later = [row.effective for of in (subscription_number, None) for row in model.rows.get((of, values), ())]
    if later:
        return f"it starts at {start_at.isoformat()}, before the first price for {named}, of {min(later).isoformat()}"
    return f"the decision table has no row for {named}"
