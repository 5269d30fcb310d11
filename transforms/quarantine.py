"""When what is quarantined is so much that people must be told, and not only find it in a report."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Arrived:
    """What landed of a source on one day (UTC): rows, those of them that are quarantined, files refused whole."""

    source: str
    day: str
    rows: int
    quarantined: int
    refused_files: int


@dataclass(frozen=True)
class Counted:
    """A ledger: readings landed for a meter and period, those quarantined, and those of records that were set aside."""

    meter: str
    period: str
    import_id: str | None
    landed: int
    quarantined: int
    set_aside: int


def too_much(part: int, whole: int, limit: Decimal) -> bool:
    """Tell whether a part is a larger share of the whole than the limit (0 to 1).

    >>> too_much(5, 100, Decimal("0.05")), too_much(6, 100, Decimal("0.05"))
    (False, True)
    """
    return Fraction(part) > Fraction(limit) * whole


def of_source(arrived: Arrived, limit: Decimal) -> str | None:
    """Say why a source's day is to be told: a file was refused whole, or more rows than its limit; else None."""
    if arrived.refused_files:
        return f"{arrived.refused_files} files are quarantined whole"
    if too_much(arrived.quarantined, arrived.rows, limit):
        return f"{arrived.quarantined} of {arrived.rows} rows are quarantined; the limit is {limit} of them"
    return None


def of_meter(counted: Counted, limit: Decimal) -> str | None:
    """Say why a meter's period is to be told: a record was set aside, or more readings than the limit; else None.

    A record that is set aside has no limit: it is a customer's whole charge that is not billed.
    """
    if counted.set_aside:
        readings = f"records with {counted.set_aside} readings"
        return f"{readings} were set aside by the validation: their charges are not billed"
    if too_much(counted.quarantined, counted.landed, limit):
        return f"{counted.quarantined} of {counted.landed} readings are quarantined; the limit is {limit} of them"
    return None
