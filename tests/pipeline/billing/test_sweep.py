"""Pending usage past its bill run is found, whatever the reason that it waits."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from uploaded_usage import uploaded

from pipeline.billing.sweep import describe, sweep
from pipeline.periods import to_bill

APRIL_OVER = datetime(2025, 5, 1, 12, tzinfo=UTC)  # April has ended everywhere


def _sweep(business, at, **options):
    return [
        (each.period, each.record_id, each.reason) for each in sweep(business.store, business.catalog, at, **options)
    ]


def test_usage_of_a_billed_period_waits_for_another_bill_run(business, march):
    business.bill(march)
    business.rate()
    _, (late, other) = uploaded(business.store, {}, {"uom": "wh"})
    found = _sweep(business, datetime(2025, 4, 2, tzinfo=UTC))
    assert found == [
        ("2025-03", late, "the bill run of 2025-03 was made without it; the next one bills the difference"),
        ("2025-03", other, "counted in wh, the charge bills kwh"),
    ]


def test_usage_of_a_period_that_ended_long_ago_and_was_never_billed_is_found(business):
    _, (waits,) = uploaded(business.store, {"period": "2025-04", "start_at": datetime(2025, 4, 3, tzinfo=UTC)})
    assert _sweep(business, APRIL_OVER + timedelta(days=5, microseconds=-1)) == []
    reason = (
        "2025-04 ended 5 days ago, and its bill run has not been made: unless it waits or failed, make it by hand; "
        "`meterbridge rate 2025-04 --preview` tells what it would bill"
    )
    assert _sweep(business, APRIL_OVER + timedelta(days=5)) == [("2025-04", waits, reason)]
    assert _sweep(business, APRIL_OVER, grace=timedelta(0)) != []


def test_usage_of_a_period_that_ended_inside_a_month_is_not_overdue_before_the_bill_run_on_the_first(business):
    """Told of every account with a bill cycle day, month by month, nobody would read the rest."""
    header = "account_number,name,currency,time_zone,status,bill_cycle_day"
    business.deliver("customers/accounts.csv", f"{header}\nA-1,Mill,EUR,UTC,Active,15\n")
    business.register()
    uploaded(business.store, {"period": "2025-03-15--2025-04-15", "start_at": datetime(2025, 4, 3, tzinfo=UTC)})
    assert _sweep(business, APRIL_OVER + timedelta(days=5, microseconds=-1)) == []
    assert [period for period, _, _ in _sweep(business, APRIL_OVER + timedelta(days=5))] == ["2025-03-15--2025-04-15"]


def test_usage_of_a_year_before_the_first_bill_run_is_told_of_and_bills_nothing_by_itself(business, march):
    business.bill(march)
    business.rate()
    _, (old,) = uploaded(business.store, {"period": "2024-06", "start_at": datetime(2024, 6, 3, tzinfo=UTC)})
    assert to_bill(business.store, business.catalog, APRIL_OVER, APRIL_OVER) == []
    ((period, record, reason),) = _sweep(business, APRIL_OVER)
    assert (period, record) == ("2024-06", old)
    assert reason.startswith("2024-06 ended 304 days ago, and its bill run has not been made: ")
    assert business.rate("2024-06").amounts == {"EUR": Decimal("0.25")}
    assert _sweep(business, APRIL_OVER) == to_bill(business.store, business.catalog, APRIL_OVER, APRIL_OVER) == []


def test_what_is_billed_superseded_or_deleted_is_not_overdue(business, march):
    business.bill(march)
    business.count_in("2")
    business.run()
    business.rate()
    assert _sweep(business, APRIL_OVER) == []


def test_what_is_overdue_is_laid_out_for_a_person(business):
    uploaded(business.store, {"quantity": Decimal("2.50")})
    shown = describe(sweep(business.store, business.catalog, APRIL_OVER))
    assert shown.splitlines()[1].split()[:6] == ["2025-03", "1", "A-1", "C-1", "2.5", "kwh"]
