"""Charge models as the catalog declares them: what a quantity of usage costs."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from transforms.catalog.definition import Definition, Exact
from transforms.catalog.field_name import FieldName

Price = Annotated[Exact, Field(ge=0)]


class AboveLastTier(StrEnum):
    """What becomes of a quantity that no tier covers; to price it like the last tier, leave the last tier open."""

    REFUSE = "refuse"
    UNBILLED = "unbilled"


class AtZero(StrEnum):
    """What a group with usage that sums to zero owes: nothing (no tier is entered), or the first tier's flat amount."""

    NOTHING = "nothing"
    FIRST_FLAT = "first_flat"


class Tier(Definition):
    """Usage up to and including `up_to`, counted from the start: `price` for each unit, `flat` once when entered."""

    up_to: Annotated[Exact, Field(gt=0)] | None = None
    price: Price | None = None
    flat: Price | None = None

    @model_validator(mode="after")
    def _costs_something(self) -> Self:
        if self.price is None and self.flat is None:
            raise ValueError("a tier needs a price per unit, a flat amount, or both; a free tier says price: 0")
        return self


class FlatFee(Definition):
    """One price for a billing period, whether or not there is usage."""

    model: Literal["flat_fee"]
    price: Price


class PerUnit(Definition):
    """Every unit at one price."""

    model: Literal["per_unit"]
    price: Price


class Tiers(Definition):
    """Tiers in ascending order; only the last may be open, that is without `up_to`."""

    tiers: tuple[Tier, ...] = Field(min_length=1)
    at_zero: AtZero = AtZero.NOTHING

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        check_ascending(self.tiers)
        return self


def check_ascending(tiers: Sequence[Tier]) -> None:
    """Refuse tiers that do not end one above the other; ValueError names the first that is wrong."""
    for number, (tier, following) in enumerate(pairwise(tiers), start=1):
        _check_order(number, tier.up_to, following.up_to)


def _check_order(number: int, bound: Decimal | None, following: Decimal | None) -> None:
    if bound is None:
        raise ValueError(f"tier {number} has no up_to; only the last tier may be open")
    if following is not None and following <= bound:
        raise ValueError(f"tier {number + 1} ends at {following}, not above tier {number}, which ends at {bound}")


class TierTable(Tiers):
    """Tiers that say what becomes of usage above a closed last one."""

    above_last_tier: AboveLastTier = AboveLastTier.REFUSE


class Tiered(TierTable):
    """Each tier prices the units that fall into it."""

    model: Literal["tiered"]


class Volume(TierTable):
    """The tier that the whole quantity reaches prices all of it."""

    model: Literal["volume"]


class Overage(Definition):
    """The units above those that are `included`, at one price."""

    model: Literal["overage"]
    included: Annotated[Exact, Field(gt=0)]
    price: Price

    @cached_property
    def table(self) -> Tiered:
        """The tiers that come to the same: a free one, and an open one."""
        free = Tier(up_to=self.included, price=Decimal(0))
        return Tiered(model="tiered", tiers=(free, Tier(price=self.price)))


class TieredWithOverage(Tiers):
    """Tiered, and what is above the last tier at the price of the overage."""

    model: Literal["tiered_with_overage"]
    overage_price: Price

    @model_validator(mode="after")
    def _last_is_closed(self) -> Self:
        if self.tiers[-1].up_to is None:
            raise ValueError("the last tier has no up_to, so nothing would be overage; close it, or say model: tiered")
        return self

    @cached_property
    def table(self) -> Tiered:
        """The tiers that come to the same: the overage is an open last one."""
        return Tiered(model="tiered", tiers=(*self.tiers, Tier(price=self.overage_price)), at_zero=self.at_zero)


class HighWaterMark(Tiers):
    """Tiers that price the highest of the period's local days."""

    @model_validator(mode="after")
    def _last_is_open(self) -> Self:
        if self.tiers[-1].up_to is not None:
            raise ValueError("the last tier of a high-water mark must be open: leave its up_to out")
        return self


class HighWaterMarkVolume(HighWaterMark):
    """The tier that the highest day reaches prices all of that day's units."""

    model: Literal["high_water_mark_volume"]

    @cached_property
    def table(self) -> Volume:
        """The tiers that the highest day meets."""
        return Volume(model="volume", tiers=self.tiers, at_zero=self.at_zero)


class HighWaterMarkTiered(HighWaterMark):
    """Each tier prices those units of the highest day that fall into it."""

    model: Literal["high_water_mark_tiered"]

    @cached_property
    def table(self) -> Tiered:
        """The tiers that the highest day meets."""
        return Tiered(model="tiered", tiers=self.tiers, at_zero=self.at_zero)


class PreRatedTotal(Definition):
    """Usage that bears its own amount, in a custom field."""

    model: Literal["pre_rated_total"]
    field: FieldName


class PreRatedPerUnit(Definition):
    """Usage that bears its own price per unit, in a custom field."""

    model: Literal["pre_rated_per_unit"]
    field: FieldName
