"""Records rated individually: each owes its own share of the tiers that its group has reached."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import accumulate, pairwise

from transforms.catalog.units import Unit
from transforms.rating.lines import EXACT, TierLine, exact_sum, worth
from transforms.rating.usage import UsageLine

ZERO = Decimal(0)


def shares(
    lines: Iterable[UsageLine], quantity: Decimal, breakdown: Sequence[TierLine], unit: Unit
) -> Iterator[Decimal]:
    """Cut the price of a group into what each of its records owes, not rounded; the shares add up to the price.

    Each record takes the units from where the records before it ended. `quantity` is the group's, rounded by `unit`.
    """
    if quantity == 0:
        yield worth(breakdown)
        return
    reached = accumulate(_quantities(lines), EXACT.add, initial=ZERO)
    # What usage below zero takes away lies above the group's quantity: nobody owes it.
    places = (min(max(unit.round(place), ZERO), quantity) for place in reached)
    owed = (_owed_up_to(place, breakdown) for place in places)
    yield from (EXACT.subtract(after, before) for before, after in pairwise(owed))


def _quantities(lines: Iterable[UsageLine]) -> list[Decimal]:
    """Sum each record with its adjustments, in an order that does not depend on when they arrived.

    By start, then by quantity; what is below zero comes last, so that the tiers are filled before it takes away.
    """
    found: defaultdict[int, list[UsageLine]] = defaultdict(list)
    for line in lines:
        found[line.first_record_id].append(line)
    records = (
        (min(line.start_at for line in each), exact_sum(line.quantity for line in each)) for each in found.values()
    )
    return [quantity for _, quantity in sorted(records, key=lambda record: (record[1] < 0, *record))]


def _owed_up_to(place: Decimal, breakdown: Sequence[TierLine]) -> Decimal:
    """Price the first units of a group, up to a place in it, by the group's own breakdown."""
    return exact_sum(_owed(line, EXACT.subtract(place, _start(line, breakdown))) for line in breakdown)


def _start(line: TierLine, breakdown: Sequence[TierLine]) -> Decimal:
    """Tell where a line begins to count: its tier's start, but 0 for the one tier that prices all of a volume."""
    return ZERO if line.tier == breakdown[0].tier else line.above


def _owed(line: TierLine, units: Decimal) -> Decimal:
    if units <= 0:
        return ZERO
    return EXACT.multiply(min(units, line.units), line.price) if line.format == "per_unit" else line.price
