"""Prices that change: a billing period has those that hold on its first day."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated

from pydantic import BeforeValidator

from transforms.catalog.commitment import Commitment
from transforms.catalog.definition import Definition
from transforms.catalog.models import DRAWN, Pricing, words_of
from transforms.catalog.prepaid import Prepaid
from transforms.catalog.pricing import FlatFee

CHANGING = (*DRAWN, FlatFee, Prepaid, Commitment)


def _as_day(value: object) -> date:
    """Take a day alone: what has a time of day too, or is a number, could be one day or another."""
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        day = None
    if day is None or day.isoformat() != str(value):
        raise ValueError("write a day such as 2025-04-01")
    return day


class PriceChange(Definition):
    """The pricing of the billing periods that start on the day `effective`, on the account's clock, or later."""

    effective: Annotated[date, BeforeValidator(_as_day)]
    pricing: Pricing


def pricing_on(first: Pricing, changes: Sequence[PriceChange], day: date) -> Pricing:
    """Give the pricing that holds on a day; `changes` are in ascending order."""
    return next((each.pricing for each in reversed(changes) if each.effective <= day), first)


def change_problems(first: Pricing, changes: Sequence[PriceChange]) -> Iterator[str]:
    """Say why prices cannot change as they are said to."""
    if changes and not isinstance(first, CHANGING):
        yield (
            f"model {first.model} has no price_changes: its prices stand in the usage, or in a table whose rows are "
            f"effective from an instant on; they are for {words_of(CHANGING)}"
        )
    for before, change in pairwise(changes):
        if change.effective <= before.effective:
            yield f"the price change of {change.effective} stands after that of {before.effective}; write them by day"
    for change in changes:
        if problem := _unlike(first, change.pricing):
            yield f"the price change of {change.effective} {problem}"


def _unlike(first: Pricing, later: Pricing) -> str | None:
    """Say what differs that cannot change from one billing period to the next."""
    if isinstance(first, DRAWN) and isinstance(later, DRAWN):
        return None
    if first.model != later.model:
        return f"turns model {first.model} into {later.model}; declare another charge for that"
    prices = {"price", "units", "amount"}
    if first.model_dump(exclude=prices) != later.model_dump(exclude=prices):
        return f"alters more of model {first.model} than its price, units or amount; declare another charge for that"
    return None
