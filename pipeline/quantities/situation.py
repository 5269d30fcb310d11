"""All that a derivation depends on besides the readings themselves, as the store and the catalog tell it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.quantities.moved import targets_then
from pipeline.store import customers, manifest, usage
from pipeline.store.customers import Customers
from pipeline.store.manifest import LandedFile
from transforms.catalog.meter import CARRIED_IN, Derivation, Meter
from transforms.catalog.source import Source
from transforms.cycles import cycles_of, has_period, plain_cycle, require_among
from transforms.errors import MeterbridgeError
from transforms.period import Cycle, Period, Window
from transforms.quantities.place import targets_of
from transforms.quantities.scope import NEVER, Name, Scope, Target, scope


class PeriodNotEndedError(MeterbridgeError):
    """A billing period that is not over everywhere cannot be derived: readings are still to come."""


class CycleChangedError(MeterbridgeError):
    """A charge was given other billing periods although it has usage: periods would overlap."""


@dataclass(frozen=True)
class Situation:
    """A meter and period, with the names that its readings may bear, and the landed files that hold any of them.

    `default` is the period as the source's own clock cuts it, for names that nobody knows; readings from `from_us` on,
    until `until_us`, can matter (None: of any age). `changes_seen` is the last change of a subscription that it knows.
    """

    meter: Meter
    source: Source
    period: Period
    scope: Scope
    targets: list[Target]
    default: Window
    from_us: int | None
    until_us: int
    files: list[LandedFile]
    changes_seen: int = 0

    def only(self, file_ids: Collection[str]) -> "Situation":
        """Give the situation as if nothing else had landed."""
        return replace(self, files=[file for file in self.files if file.file_id in file_ids])

    def without(self, names: Collection[Name]) -> "Situation":
        """Give the situation as if nobody knew these names."""
        known = {name: target for name, target in self.scope.items() if name not in names}
        return replace(self, scope=known, targets=targets_of(known))


def require_ended(period: Period, at: datetime) -> None:
    """Refuse a period that has not ended everywhere at that instant."""
    if not period.ended_everywhere(at):
        raise PeriodNotEndedError(
            f"billing period {period} ends at {period.over_at:%Y-%m-%d %H:%M} UTC in the last time zone; "
            "run it after that"
        )


def situation_of(
    store: sa.Engine,
    catalog: Catalog,
    meter: Meter,
    period: Period,
    *,
    replaced: Collection[str] = (),
    before: int | None = None,
) -> Situation:
    """Look up what a meter's period depends on. `replaced` names landed files that count although others replaced them.

    Names that have other charges since the change of the number `before` have those that they had then.
    WrongPeriodError when the period is none of the charge's.
    """
    source, charge = catalog.source(meter.source_name), catalog.charge_of(meter)
    with store.begin() as connection:
        seen, known = customers.last_change(connection), customers.everybody(connection)
        cycles = cycles_of(*known, charge)
        require_among(cycles, period, f"charge {charge.charge}")
        _require_kept(cycles, usage.periods_with_usage(connection, meter.meter), meter)
        names = _scope(connection, catalog, meter, period, known, before)
        targets = targets_of(names)
        default = period.window(source.time.zone) if plain_cycle(charge).has(period) else NEVER
        from_us, until_us = _span([default, *(target.period for target in targets)], meter.derive)
        files = manifest.files(connection, source.source, until_us, from_us=from_us, replaced=replaced)
    return Situation(meter, source, period, names, targets, default, from_us, until_us, files, seen)


def _scope(
    connection: sa.Connection, catalog: Catalog, meter: Meter, period: Period, known: Customers, before: int | None
) -> Scope:
    """Tell where the names lead that readings may bear, or led before a change."""
    billed = usage.billed_charges(connection, meter.meter, period)
    now = scope(*known, catalog.charge_of(meter), period, catalog.lookup(meter), billed)
    if before is None:
        return now
    since = customers.changes_since(connection, before).values()
    return now | targets_then(connection, catalog, meter, period, known, since)


def _require_kept(cycles: Collection[Cycle], loaded: Iterable[Period], meter: Meter) -> None:
    """Refuse other cycles than those by which a meter has loaded usage."""
    if gone := next((period for period in loaded if not has_period(cycles, period)), None):
        raise CycleChangedError(
            f"meter {meter.meter} has usage of {gone}, which is no billing period of charge {meter.map.charge} any "
            "more, so some could be billed twice; take the change of its billing_period or alignment back, or bill the "
            "new periods by a charge of their own"
        )


def _span(windows: list[Window], derivation: Derivation) -> tuple[int | None, int]:
    """Tell from when until when a reading can matter: of any clock's period, or carried into it."""
    real = [window for window in windows if window.start < window.end]
    first_us = min((window.start_us for window in real), default=0)
    until_us = max((window.end_us for window in real), default=0)
    if derivation.function not in CARRIED_IN:
        return first_us, until_us
    return None if derivation.gap_seconds_max is None else first_us - derivation.gap_seconds_max * 1_000_000, until_us
