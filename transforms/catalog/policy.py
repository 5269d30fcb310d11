"""What a meter decides for cases that are not plain: too few samples, and billed usage that comes to another result."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from transforms.catalog.definition import Definition, Exact


class BelowMinimum(StrEnum):
    """What becomes of a record whose readings are too few."""

    WARN = "warn"  # it is loaded, and reported
    HOLD = "hold"  # it is quarantined until the readings are there
    FAIL = "fail"  # nothing of the meter's period is loaded


class Coverage(Definition):
    """How much of the samples that a charge's part of the period should have must be there, from 0 to 1."""

    minimum: Annotated[Exact, Field(gt=0, le=1)]
    below: BelowMinimum = BelowMinimum.WARN


class BilledUsage(StrEnum):
    """What becomes of billed usage when its readings, or the rules, come to another result."""

    ADJUST = "adjust"  # an adjustment is loaded, Pending, which names the record that it corrects
    REFUSE = "refuse"  # it stays as it is: what came late is reported, a changed rule is refused
