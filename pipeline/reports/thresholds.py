"""Thresholds: what is not billed of a charge, once it is above what the charge names, is told."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from pipeline.reports.unbilled import Unbilled, unbilled
from pipeline.steps import Workspace
from pipeline.store import events
from transforms.catalog.units import Units
from transforms.figures import plain


def note_thresholds(workspace: Workspace, *, at: datetime) -> int:
    """Note every threshold that unbilled usage is above, once for each charge and period; gives how many there are."""
    limits = {
        name: charge.unbilled_above for name, charge in workspace.catalog.charges.items() if charge.unbilled_above
    }
    if not limits:
        return 0
    crossed = list(_crossed(unbilled(workspace, at=at).found, limits, workspace.catalog.units))
    with workspace.store.begin() as connection:
        for subject, details in crossed:
            events.note(connection, "unbilled_usage", subject, details)
    return len(crossed)


def _crossed(
    found: Iterable[Unbilled], limits: dict[str, tuple[Decimal, ...]], units: Units
) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in found:
        for limit in limits.get(each.charge, ()):
            if each.unbilled > limit:
                threshold = units.with_currency(limit, each.currency)
                yield (
                    f"charge {each.charge_number}, period {each.period}, above {threshold}",
                    {
                        "name": f"{each.charge} of account {each.account_number}",
                        "period": each.period,
                        "threshold": threshold,
                        "unbilled": units.with_currency(each.unbilled, each.currency),
                        "quantity": f"{plain(each.quantity)} {each.uom}",
                    },
                )
