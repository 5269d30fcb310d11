"""Place readings: to which charge's billing period each belongs, and its fate there."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from transforms.errors import MeterbridgeError
from transforms.period import Window, instant, micros
from transforms.quantities.scope import Scope, Target
from transforms.readings.fate import Fate
from transforms.readings.readings import point
from transforms.tables import small_table

BOUNDS = ("period_start_us", "period_end_us", "start_us", "end_us")
OWN = ("own_from_us", "own_until_us")  # columns of a scope in which one charge follows another, and of no other
EVER_US = 1 << 60  # before and after every reading


class Named(NamedTuple):
    """What readings call an account and subscription, and where that stands in a scope."""

    place: int
    account: str
    subscription: str


class Share(NamedTuple):
    """A target of a name, and from when until when readings of that name are its own, in microseconds."""

    from_us: int
    until_us: int
    target: Target


class SharedPointError(MeterbridgeError):
    """Two accounts have one hash: their readings could not be told apart."""


def targets_of(scope: Scope) -> list[Target]:
    """List the targets of a scope once each; a target's place in the list is its `slot`."""
    return list(dict.fromkeys(share.target for target in scope.values() for share in shares_of(target)))


def shares_of(target: Target) -> Iterator[Share]:
    """Give a target, and those that follow it, each alone."""
    from_us = -EVER_US
    while target.successor is not None:
        since, successor = target.successor
        yield Share(from_us, micros(since), replace(target, successor=None))
        from_us, target = micros(since), successor
    yield Share(from_us, EVER_US, target)


def handovers(scope: Scope) -> Iterator[Window]:
    """Give the instants at which one charge follows another, as windows of no length."""
    followed = (target for target in scope.values() if target.successor is not None)  # of many names, hardly any is
    for target in followed:
        for share in islice(shares_of(target), 1, None):
            yield Window(instant(share.from_us), instant(share.from_us))


def points_of(scope: Scope) -> ir.Table:
    """Give the `point` of every name in a scope, with its `place` in the scope's order; the landing engine hashes."""
    names = [Named(place, *name) for place, name in enumerate(scope)]
    table = small_table(names, {"place": "int64", "account": "string", "subscription": "string"})
    return table.select("place", point=point(table.account, table.subscription))


def scope_table(scope: Scope, targets: Sequence[Target], points: pa.Table) -> pa.Table:
    """Give what readings are joined with: point, slot, refused and the four bounds, in microseconds.

    A name has a row for each of its targets; where one follows another, the columns OWN tell their readings apart.

    `points` is what `points_of` gives, from the engine. SharedPointError when two names share one.
    """
    by_place = dict(zip(points["place"].to_pylist(), points["point"].to_pylist(), strict=True))
    if len(set(by_place.values())) < len(scope):
        raise SharedPointError("two accounts or subscriptions share one hash; rename one of them")
    slots = {target: slot for slot, target in enumerate(targets)}
    shares = [(place, share) for place, target in enumerate(scope.values()) for share in shares_of(target)]
    rows = [share.target for _, share in shares]
    bounds = [(t.period.start_us, t.period.end_us, t.covered.start_us, t.covered.end_us) for t in rows]
    columns = {name: pa.array([bound[at] for bound in bounds], pa.int64()) for at, name in enumerate(BOUNDS)}
    if len(shares) > len(scope):
        columns |= {name: pa.array([share[at] for _, share in shares], pa.int64()) for at, name in enumerate(OWN)}
    return pa.table(
        {
            "point": pa.array([by_place[place] for place, _ in shares], pa.int64()),
            "slot": pa.array([slots[target] for target in rows], pa.int64()),
            "refused": pa.array([bool(target.refusal) for target in rows], pa.bool_()),
            **columns,
        }
    )


def placed(marked: ir.Table, scoped: ir.Table, default: Window) -> ir.Table:
    """Add `slot`, the bounds and `fate` to rows of `point`, `at_us` and `mark`; unknown points fall into `default`."""
    joined = marked.left_join(scoped.rename(scope_point="point"), marked.point == scoped.point).drop("scope_point")
    at, mark, bounds = joined.at_us, joined.mark, bounds_of(joined, default)
    own = [(at < bounds[OWN[0]]) | (at >= bounds[OWN[1]])] if OWN[0] in bounds else []
    fate = ibis.cases(
        *((joined.slot.notnull() & of_another, Fate.ELSEWHERE) for of_another in own),
        (at < bounds["period_start_us"], Fate.BEFORE),
        (at >= bounds["period_end_us"], Fate.AFTER),
        (joined.slot.isnull(), Fate.UNKNOWN),
        (joined.refused, Fate.REFUSED),
        ((at < joined.start_us) | (at >= joined.end_us), Fate.OUTSIDE),
        else_=mark,
    )
    return joined.mutate(fate=fate.cast("int8"))


def bounds_of(placed: ir.Table, default: Window) -> dict[str, ir.IntegerValue]:
    """Give each row's bounds, in microseconds: those of its target, or of `default` where nobody knows its point."""
    names = [*BOUNDS, *(name for name in OWN if name in placed.columns)]
    unknown = dict(zip(names, (default.start_us, default.end_us) * 3, strict=False))
    return {name: placed[name].fill_null(instant) for name, instant in unknown.items()}


def is_cut(placed: ir.Table, default: Window) -> ir.BooleanValue:
    """Tell of placed rows that stand for several readings whether any bound of their own lies between these."""
    bounds = bounds_of(placed, default).values()
    return ibis.or_(*((placed.first_at_us < bound) & (placed.last_at_us >= bound) for bound in bounds))


def bounds_by_use(scoped: ir.Table) -> ir.Table:
    """Count for each `bound` of a scope, in microseconds, how often it is one."""
    bounds = ibis.union(*(scoped.select(bound=name) for name in BOUNDS))
    return bounds.group_by("bound").aggregate(uses=bounds.count())
