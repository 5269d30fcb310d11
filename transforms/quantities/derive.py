"""From placed readings to quantities: exactly one for each charge, billing period and group of attributes.

The engine sums in decimals and never divides: a quantity is (`numerator` + `remainder`) / `denominator`, divided once
when it is mapped to usage.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import ibis.expr.types as ir

from transforms import clock, custom
from transforms.catalog.meter import RANKED, Derivation, Function
from transforms.derivations import AGGREGATIONS
from transforms.derivations.record import groups_of, key_of, used
from transforms.quantities.reconcile import LedgerLine
from transforms.quantities.scope import Target
from transforms.quantities.tally import TOTALS, totals
from transforms.readings.fate import LEDGER, Fate
from transforms.tables import small_table

OF_NO_PERIOD = (Fate.BEFORE, Fate.AFTER)
UNTOLD = (*OF_NO_PERIOD, Fate.ELSEWHERE)


class Shift(NamedTuple):
    """A stretch of time in which a target's clock is so far ahead of UTC, in microseconds."""

    shift_slot: int
    from_us: int
    until_us: int
    shift_us: int


def quantities(placed: ir.Table, tally: ir.Table, derivation: Derivation) -> ir.Table:
    """Derive one row per record that has any reading to count.

    Columns: slot, the attributes grouped by, numerator, remainder, denominator, readings, first_at_us, last_at_us.
    """
    if derivation.function in TOTALS:
        return totals(tally, derivation.function, groups_of(derivation))
    if derivation.function is Function.CUSTOM:
        return custom.by_expression(placed, derivation)
    found = AGGREGATIONS[derivation.function](placed, derivation)
    if derivation.function not in RANKED:
        return found
    key, behind = key_of(derivation), used(tally)
    return behind.select(*key, "first_at_us", "last_at_us", readings="rows").inner_join(found, key)


def on_local_clock(placed: ir.Table, targets: Sequence[Target]) -> ir.Table:
    """Add `shift_us`: how far the target's clock is ahead of UTC at each reading that its charge covers; else null."""
    rows = [
        Shift(slot, stretch.from_us, stretch.until_us, stretch.shift_us)
        for slot, target in enumerate(targets)
        for stretch in clock.stretches(target.time_zone, target.covered)
    ]
    shifts = small_table(rows, dict.fromkeys(Shift._fields, "int64"))
    here = (placed.at_us >= shifts.from_us) & (placed.at_us < shifts.until_us)
    return placed.left_join(shifts, [placed.slot == shifts.shift_slot, here]).drop(*Shift._fields[:3])


def ledger(
    used: int,
    others: Iterable[Mapping[str, Any]],
    unknown: Iterable[Mapping[str, Any]],
    targets: Sequence[Target],
    accounts: Collection[str],
) -> list[LedgerLine]:
    """Say where every reading of the period is.

    `others` are the tally's rows (slot, fate, rows) of readings that are not used, `unknown` those of
    `tally.unknown`; `accounts` are known. A line's detail names one account, the first, and how many more there are.
    """
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for row in others:
        if row["fate"] not in UNTOLD and row["slot"] is not None:
            target = targets[row["slot"]]
            key = LEDGER.get(row["fate"], ("quarantined", target.refusal))
            found.setdefault(key, []).append((target.account_number, row["rows"]))
    for row in unknown:
        reason = "unknown_subscription" if row["account"] in accounts else "unknown_account"
        if row["rows"]:
            found.setdefault(("quarantined", reason), []).append((row["account"], row["rows"]))
    lines = [LedgerLine(*key, sum(rows for _, rows in parts), _detail(parts)) for key, parts in sorted(found.items())]
    return [*lines, LedgerLine("used", "", used)] if used else lines


def _detail(parts: Iterable[tuple[str, int]]) -> str:
    accounts = sorted({account for account, _ in parts})
    return f"account {accounts[0]}" + (f" and {len(accounts) - 1} more" if len(accounts) > 1 else "")
