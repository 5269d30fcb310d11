"""The charge models as one type, and which of them go with what else a charge may ask for."""

from typing import Annotated, get_args

from pydantic import Field

from transforms.catalog.commitment import Commitment
from transforms.catalog.decision_table import Dynamic
from transforms.catalog.definition import Definition
from transforms.catalog.prepaid import Prepaid
from transforms.catalog.pricing import (
    FlatFee,
    HighWaterMarkTiered,
    HighWaterMarkVolume,
    Overage,
    PerUnit,
    PreRatedPerUnit,
    PreRatedTotal,
    Tiered,
    TieredWithOverage,
    Volume,
)

Pricing = Annotated[
    FlatFee
    | PerUnit
    | Tiered
    | Volume
    | Overage
    | TieredWithOverage
    | HighWaterMarkVolume
    | HighWaterMarkTiered
    | PreRatedTotal
    | PreRatedPerUnit
    | Dynamic
    | Prepaid
    | Commitment,
    Field(discriminator="model"),
]
GROUPED = (PerUnit, Tiered, Volume)
INDIVIDUAL = (PerUnit, Tiered, Volume, Overage)
DRAWN = (PerUnit, Tiered, Volume, Overage, TieredWithOverage, HighWaterMarkVolume, HighWaterMarkTiered)
OWED_BY_PERIOD = (FlatFee, Prepaid, Commitment)
WITHOUT_USAGE = (Prepaid, Commitment)


def words_of(kinds: tuple[type[Definition], ...]) -> str:
    """List the words by which a charge asks for these models."""
    return ", ".join(word for kind in kinds for word in get_args(kind.model_fields["model"].annotation))
