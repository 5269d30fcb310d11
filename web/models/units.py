"""Units of measure."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from web.models.shape import Pascal


class UnitFields(Pascal):
    """A unit of measure to be created or changed."""

    model_config = ConfigDict(extra="ignore")

    uom_name: Annotated[str, Field(min_length=1, max_length=50)]
    decimal_places: Annotated[int, Field(ge=0, le=9)] = 0
    rounding_mode: Literal["Up", "Down"] = "Up"
    displayed_as: Annotated[str, Field(max_length=50)] = ""
    aliases: dict[str, str] = Field(
        default_factory=dict, max_length=100, description="another unit's name: what it is worth, such as 1/1000"
    )


class UnitObject(Pascal):
    """A unit of measure; one of the catalog may say more than a call can."""

    id: str
    uom_name: str
    active: Literal[True] = True
    decimal_places: int
    rounding_mode: str
    displayed_as: str
    aliases: dict[str, str]


class UnitObjects(BaseModel):
    """All units of measure."""

    records: list[UnitObject]
    size: int
    done: Literal[True] = True
