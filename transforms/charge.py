"""A charge of the catalog: what is billed, in which unit and currency, and by which charge model."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from transforms.definition import Definition, Exact

Price = Annotated[Exact, Field(ge=0)]


class RatingGroup(StrEnum):
    """Which usage of a billing period is added up before it meets the price."""

    BILLING_PERIOD = "billing_period"
    START_DATE = "start_date"
    RECORD = "record"


class BillingPeriod(StrEnum):
    """How long a charge's billing periods are."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


class Alignment(StrEnum):
    """When a charge's billing periods begin."""

    CALENDAR = "calendar"  # with calendar months, quarters and so on, on the account's bill cycle day
    ANNIVERSARY = "anniversary"  # on the day and month in which the subscribed charge itself started


class AboveLastTier(StrEnum):
    """What a quantity that no tier covers does; to price it like the last tier, leave the last tier open."""

    REFUSE = "refuse"
    UNBILLED = "unbilled"


class AtZero(StrEnum):
    """What a group with usage that sums to zero owes: nothing (no tier is entered), or the first tier's flat amount."""

    NOTHING = "nothing"
    FIRST_FLAT = "first_flat"


class UomValidation(StrEnum):
    """What becomes of uploaded usage in another unit of measure than the charge's."""

    ACCEPT = "accept"  # it is loaded, and no bill run picks it up: the preflight reports it
    REJECT = "reject"  # the upload is refused, as the billing platform does for prepaid, unbilled and committed usage


class NegativeUsage(StrEnum):
    """Whether usage may be below zero: corrections of what is billed may need that."""

    REFUSE = "refuse"
    ALLOW = "allow"


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


class PerUnit(Definition):
    """Every unit at one price."""

    model: Literal["per_unit"]
    price: Price


class TierTable(Definition):
    """Tiers in ascending order; only the last may be open, that is without `up_to`."""

    tiers: tuple[Tier, ...] = Field(min_length=1)
    above_last_tier: AboveLastTier = AboveLastTier.REFUSE
    at_zero: AtZero = AtZero.NOTHING

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        for number, (tier, following) in enumerate(zip(self.tiers, self.tiers[1:], strict=False), start=1):
            _check_order(number, tier.up_to, following.up_to)
        return self


def _check_order(number: int, bound: Decimal | None, following: Decimal | None) -> None:
    if bound is None:
        raise ValueError(f"tier {number} has no up_to; only the last tier may be open")
    if following is not None and following <= bound:
        raise ValueError(f"tier {number + 1} ends at {following}, not above tier {number}, which ends at {bound}")


class Tiered(TierTable):
    """Each tier prices the units that fall into it."""

    model: Literal["tiered"]


class Volume(TierTable):
    """The tier that the whole quantity reaches prices all of it."""

    model: Literal["volume"]


Pricing = Annotated[PerUnit | Tiered | Volume, Field(discriminator="model")]


class Charge(Definition):
    """The content of one file of `catalog/charges/`; an unknown model or option is refused when it is read."""

    charge: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: str = ""
    uom: str
    currency: str
    billing_period: BillingPeriod = BillingPeriod.MONTH
    alignment: Alignment = Alignment.CALENDAR
    rating_group: RatingGroup = RatingGroup.BILLING_PERIOD
    uom_validation: UomValidation = UomValidation.ACCEPT
    negative_usage: NegativeUsage = NegativeUsage.REFUSE
    pricing: Pricing
