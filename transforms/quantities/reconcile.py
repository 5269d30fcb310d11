"""Conservation: every reading that landed for a meter and period is somewhere, and the rest is 0.

landed = billed + pending + deleted + duplicate + out_of_scope + quarantined + late + superseded, each counted alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.errors import MeterbridgeError

PLACES = ("billed", "pending", "deleted", "duplicate", "out_of_scope", "quarantined", "late", "superseded")


@dataclass(frozen=True)
class LedgerLine:
    """So many rows are in one place, for a reason; `detail` names an example for a person to look at."""

    place: str
    reason: str
    rows: int
    detail: str = ""


@dataclass(frozen=True)
class Ledger:
    """The conservation ledger of one meter and billing period."""

    meter: str
    period: str
    landed: int
    lines: tuple[LedgerLine, ...]

    @property
    def unexplained(self) -> int:
        """Rows that landed and are nowhere (above 0), or are in two places (below 0)."""
        return self.landed - sum(line.rows for line in self.lines)

    def rows(self, place: str) -> int:
        """Count the rows in one place, whatever the reason."""
        return sum(line.rows for line in self.lines if line.place == place)


class UnexplainedRowsError(MeterbridgeError):
    """The ledger does not add up: usage of this meter and period must not be trusted."""


def check(ledger: Ledger) -> Ledger:
    """Give the ledger back when it adds up; UnexplainedRowsError says by how much it does not, and where rows are."""
    if ledger.unexplained:
        places = ", ".join(f"{place} {ledger.rows(place)}" for place in PLACES if ledger.rows(place))
        raise UnexplainedRowsError(
            f"meter {ledger.meter}, period {ledger.period}: {ledger.landed} rows landed, but {ledger.unexplained} of "
            f"them are unexplained ({places or 'none is anywhere'}); nothing was loaded"
        )
    return ledger


def merge(lines: Iterable[LedgerLine]) -> tuple[LedgerLine, ...]:
    """Add up lines of one place and reason, in the order of PLACES."""
    found: dict[tuple[str, str], LedgerLine] = {}
    for line in lines:
        known = found.get((line.place, line.reason), LedgerLine(line.place, line.reason, 0, line.detail))
        found[line.place, line.reason] = LedgerLine(line.place, line.reason, known.rows + line.rows, known.detail)
    return tuple(sorted(found.values(), key=lambda line: (PLACES.index(line.place), line.reason)))
