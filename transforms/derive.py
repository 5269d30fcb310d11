"""From readings to quantities: exactly one per charge and billing period, and a place for every other row.

The engine sums in decimals and never divides: a quantity is (`numerator` + `remainder`) / `denominator`, divided once
when it is mapped to usage.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from transforms.derivations import AGGREGATIONS
from transforms.derivations.record import FILTERED
from transforms.meter import Derivation, Filter
from transforms.scope import CalendarRow, ScopeRow
from transforms.source import Duplicates
from transforms.tables import small_table

CONTENT = ("account", "subscription", "at_us", "value")
IDENTITY = ("id_high", "id_low")
CALENDAR = {"account": "string", "start_us": "int64", "end_us": "int64"}
SCOPE = {"subscription": "string", "charge_number": "string", "refusal": "string"} | CALENDAR


def inside(readings: ir.Table, calendar: Sequence[CalendarRow], default: CalendarRow) -> ir.Table:
    """Add `position`: -1 before the account's billing period, 0 inside, 1 after; and `known`, whether the account is.

    `period_start_us` says where that period starts. A reading of an unknown account is placed by the bounds of
    `default`.
    """
    periods = small_table(calendar, CALENDAR)
    periods = periods.rename(calendar_account="account", period_start_us="start_us", period_end_us="end_us")
    dated = readings.left_join(periods, readings.account == periods.calendar_account)
    start = dated.period_start_us.fill_null(default.start_us)
    end = dated.period_end_us.fill_null(default.end_us)
    position = ibis.cases((dated.at_us < start, -1), (dated.at_us >= end, 1), else_=0)
    known = dated.calendar_account.notnull()
    placed = dated.mutate(position=position, known=known, period_start_us=start)
    return placed.drop("calendar_account", "period_end_us")


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


def narrow(classified: ir.Table, bounds: Filter | None) -> ir.Table:
    """Put the readings whose value is outside the bounds out of scope, as `filtered`; they take no part in anything."""
    if bounds is None:
        return classified
    value = classified.value
    low = value < bounds.minimum if bounds.minimum is not None else ibis.literal(value=False)
    high = value > bounds.maximum if bounds.maximum is not None else ibis.literal(value=False)
    filtered = (low | high) & classified.category.isin(["used", "before", "out_of_scope"])
    category = ibis.ifelse(filtered & (classified.category == "used"), "out_of_scope", classified.category)
    return classified.mutate(category=category, reason=ibis.ifelse(filtered, FILTERED, classified.reason))


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
