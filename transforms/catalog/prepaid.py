"""Prepaid units as the catalog declares them: bought for each billing period, drawn by usage of other charges."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from transforms.catalog.definition import Definition, Exact
from transforms.catalog.pricing import Price

ROLLOVER_PERIODS_MAX = 3


class Apply(StrEnum):
    """Whether units that were rolled over are drawn before or after those that were bought for the period itself."""

    FIRST = "first"
    LAST = "last"


class FundScope(StrEnum):
    """Whose usage draws from a fund, or counts towards a commitment."""

    SUBSCRIPTION = "subscription"
    ACCOUNT = "account"


class Rollover(Definition):
    """What is left at the end of a billing period stays for so many `periods` more."""

    periods: int = Field(ge=1, le=ROLLOVER_PERIODS_MAX)
    apply: Apply


class Prepaid(Definition):
    """So many units for each billing period at one price, whether or not they are used; a lower priority goes first."""

    model: Literal["prepaid"]
    price: Price
    units: Annotated[Exact, Field(gt=0)]
    rollover: Rollover | None = None
    priority: int = 0
    scope: FundScope = FundScope.SUBSCRIPTION


class Drawdown(Definition):
    """Usage draws `rate` prepaid units of `uom` for each of its own units, before anything is priced."""

    uom: str
    rate: Annotated[Exact, Field(gt=0)]
