"""Commitments: the least that an account or subscription spends on some charges within a billing period."""

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from transforms.catalog.definition import Definition, Exact, Name
from transforms.catalog.prepaid import FundScope


class Commitment(Definition):
    """A least `amount`: what the bills of these charges fall short of it in a billing period is owed at its end."""

    model: Literal["commitment"]
    amount: Annotated[Exact, Field(gt=0)]
    charges: tuple[Name, ...] = Field(min_length=1)
    scope: FundScope = FundScope.SUBSCRIPTION

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if twice := [name for name, times in Counter(self.charges).items() if times > 1]:
            raise ValueError(f"charges names {', '.join(twice)} more than once; what contributes counts once")
        return self
