"""How long after the end of its period a reading arrived, and what a grace of so many days catches."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

DAY = timedelta(days=1)
PLACES = Decimal("0.01")


@dataclass(frozen=True)
class Delay:
    """What arrived in the course of one day after the period's end (day 0: before or at its end)."""

    days: int
    files: int
    rows: int
    together: int  # rows that had arrived by then
    share: Decimal  # of all that has arrived, in per cent


def days_after(end: datetime, arrived: datetime) -> int:
    """Count the days that have begun since the period's end; 0 for what arrived before or at it."""
    return max(0, -((end - arrived) // DAY))


def delays(files: Iterable[tuple[int, int, int]]) -> list[Delay]:
    """Sum up (days, files, rows) by day; files without a row in the period are left out."""
    rows: Counter[int] = Counter()
    count: Counter[int] = Counter()
    for days, several, found in files:
        if found:
            rows[days] += found
            count[days] += several
    total, together, listed = rows.total(), 0, []
    for days in sorted(rows):
        together += rows[days]
        share = (Decimal(100) * together / total).quantize(PLACES)
        listed.append(Delay(days, count[days], rows[days], together, share))
    return listed
