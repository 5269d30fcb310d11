"""From readings to quantities: exactly one per charge and billing period, and a place for every other row.

The engine sums in decimals and never divides: a quantity is (`numerator` + `remainder`) / `denominator`, divided once
when it is mapped to usage.
"""

from collections.abc import Callable, Sequence

import ibis
import ibis.expr.types as ir

from transforms.meter import Derivation, Function
from transforms.scope import CalendarRow, ScopeRow
from transforms.source import Duplicates
from transforms.tables import small_table

CONTENT = ("account", "subscription", "at_us", "value")
IDENTITY = ("id_high", "id_low")
CALENDAR = {"account": "string", "start_us": "int64", "end_us": "int64"}
SCOPE = {"subscription": "string", "charge_number": "string", "refusal": "string"} | CALENDAR


def inside(readings: ir.Table, calendar: Sequence[CalendarRow], default: CalendarRow) -> ir.Table:
    """Add `position`: -1 before the account's billing period, 0 inside, 1 after; and `known`, whether the account is.

    A reading of an unknown account is placed by the bounds of `default`.
    """
    periods = small_table(calendar, CALENDAR)
    periods = periods.rename(calendar_account="account", period_start_us="start_us", period_end_us="end_us")
    dated = readings.left_join(periods, readings.account == periods.calendar_account)
    start = dated.period_start_us.fill_null(default.start_us)
    end = dated.period_end_us.fill_null(default.end_us)
    position = ibis.cases((dated.at_us < start, -1), (dated.at_us >= end, 1), else_=0)
    return dated.mutate(position=position, known=dated.calendar_account.notnull()).drop(
        "calendar_account", "period_start_us", "period_end_us"
    )


def classify(dated: ir.Table, scope: Sequence[ScopeRow], duplicates: Duplicates, *, by_event_id: bool) -> ir.Table:
    """Give every reading that `inside` placed its `category`, `reason`, `charge_number` and that charge's bounds.

    Categories: used, duplicate, out_of_scope, quarantined; and before or after, for what is not of this period.
    """
    scopes = small_table(scope, SCOPE)
    scopes = scopes.rename(scope_account="account", scope_subscription="subscription")
    placed = dated.left_join(
        scopes, [dated.account == scopes.scope_account, dated.subscription == scopes.scope_subscription]
    ).drop("scope_account", "scope_subscription")
    outside = (placed.at_us < placed.start_us) | (placed.at_us >= placed.end_us)
    refusal = ibis.cases(
        (~placed.known, "unknown_account"),
        (placed.refusal.notnull(), placed.refusal),
        (placed.charge_number.isnull(), "unknown_subscription"),
    )
    marked = placed.mutate(refusal=refusal, eligible=(placed.position == 0) & refusal.isnull() & ~outside)
    marked = marked.mutate(repeat=_repeat(marked, duplicates, by_event_id=by_event_id))
    category = ibis.cases(
        (marked.position < 0, "before"),
        (marked.position > 0, "after"),
        (marked.refusal.notnull(), "quarantined"),
        (~marked.eligible, "out_of_scope"),
        (marked.repeat.isnull(), "used"),
        (marked.repeat == "same_content", "duplicate"),
        else_="quarantined",
    )
    reason = ibis.cases(
        (marked.refusal.notnull(), marked.refusal), (~marked.eligible, "outside_subscription"), else_=marked.repeat
    )
    return marked.mutate(category=category, reason=reason).drop("refusal", "eligible", "position", "known", "repeat")


def _repeat(marked: ir.Table, duplicates: Duplicates, *, by_event_id: bool) -> ir.StringValue:
    """Say in which way a reading repeats another of its period; null where it does not, or where that is allowed."""
    if duplicates is Duplicates.KEEP:
        return ibis.null("string")
    key = ["eligible", *(IDENTITY if by_event_id else CONTENT[:3])]
    same_key = ibis.window(group_by=key)
    if duplicates is Duplicates.REJECT:
        return ibis.cases((marked.count().over(same_key) > 1, "repeated_reading"))
    content = list(dict.fromkeys([*key, *CONTENT]))
    copies = ibis.window(group_by=content, order_by=[*IDENTITY, "row"])
    later = ibis.row_number().over(copies) > 0
    if not by_event_id:
        return ibis.cases((later, "same_content"))
    conflict = marked.count().over(same_key) != marked.count().over(ibis.window(group_by=content))
    return ibis.cases((conflict, "conflicting_duplicate"), (later, "same_content"))


def ledger(classified: ir.Table) -> ir.Table:
    """Count the period's rows by `category` and `reason`; `accounts` counts and `example` names whose they are."""
    period = classified.filter(~classified.category.isin(["before", "after"]))
    return period.group_by("category", "reason").aggregate(
        rows=period.count(), accounts=period.account.nunique(), example=period.account.min()
    )


def quantities(classified: ir.Table, derivation: Derivation) -> ir.Table:
    """Derive one row per charge that has any reading to count.

    Columns: charge_number, start_us, end_us, numerator, remainder, denominator, readings, first_at_us, last_at_us.
    """
    return AGGREGATIONS[derivation.function](classified, derivation)


def _grouped(used: ir.Table, numerator: ir.Value, denominator: ir.Value, remainder: ir.Value | None = None) -> ir.Table:
    counted = used.category == "used"
    return used.group_by("charge_number", "start_us", "end_us").aggregate(
        numerator=numerator,
        remainder=ibis.literal(0, "decimal(38, 0)") if remainder is None else remainder,
        denominator=denominator,
        readings=used.count(where=counted),
        first_at_us=used.at_us.min(where=counted),
        last_at_us=used.at_us.max(where=counted),
    )


def _of_used(
    numerator: Callable[[ir.Table], ir.Value], *, per_reading: bool = False
) -> Callable[[ir.Table, Derivation], ir.Table]:
    """Make an aggregation of the used readings alone; `per_reading` divides by their number."""

    def aggregate(classified: ir.Table, _: Derivation) -> ir.Table:
        used = classified.filter(classified.category == "used")
        return _grouped(used, numerator(used), used.count() if per_reading else ibis.literal(1, "int64"))

    return aggregate


def _time_weighted(classified: ir.Table, derivation: Derivation) -> ir.Table:
    """Weigh each reading by how long it holds: until the next, at most `gap_seconds_max`, within the charge's window.

    The reading that holds at the window's start is carried in from before it. Of readings with one time stamp the
    largest holds on: content decides, not the order of arrival. Weights are microseconds.
    """
    known = classified.category.isin(["used", "before", "out_of_scope"]) & classified.charge_number.notnull()
    held = classified.filter(known & (classified.at_us < classified.end_us))
    following = held.at_us.lead().over(group_by="charge_number", order_by=["at_us", "value", *IDENTITY, "row"])
    until = following.fill_null(held.end_us)
    if derivation.gap_seconds_max is not None:
        until = ibis.least(until, held.at_us + derivation.gap_seconds_max * 1_000_000)
    held = held.mutate(weight=ibis.greatest(until, held.start_us) - ibis.greatest(held.at_us, held.start_us))
    weight = held.weight.cast("decimal(38, 0)")
    # Whole part and fraction apart: their product with a weight stays within 38 digits, so the sum is exact.
    whole = held.value.cast("decimal(38, 0)")
    grouped = _grouped(held, (whole * weight).sum(), held.weight.sum(), ((held.value - whole) * weight).sum())
    return grouped.filter(grouped.denominator > 0)


AGGREGATIONS: dict[Function, Callable[[ir.Table, Derivation], ir.Table]] = {
    Function.SUM: _of_used(lambda used: used.value.sum()),
    Function.COUNT: _of_used(lambda used: used.count()),
    Function.MAXIMUM: _of_used(lambda used: used.value.max()),
    Function.MINIMUM: _of_used(lambda used: used.value.min()),
    Function.AVERAGE: _of_used(lambda used: used.value.sum(), per_reading=True),
    Function.TIME_WEIGHTED_AVERAGE: _time_weighted,
}
