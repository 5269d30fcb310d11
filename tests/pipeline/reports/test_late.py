"""The late ledger: by how many days after its period's end a reading arrived."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from pipeline.reports.late import describe, late
from transforms.period import Period
from transforms.readings.delays import Delay, days_after, delays

END = datetime(2025, 4, 1, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("after", "days"),
    [(-DAY, 0), (-SECOND, 0), (0 * DAY, 0), (SECOND, 1), (DAY, 1), (DAY + SECOND, 2), (30 * DAY, 30)],
)
def test_a_day_of_delay_begins_with_its_first_moment(after, days):
    assert days_after(END, END + after) == days


def test_the_ledger_tells_what_a_grace_of_so_many_days_catches():
    assert delays([(3, 1, 1), (0, 1, 5), (0, 1, 1), (1, 1, 2), (9, 1, 0)]) == [
        Delay(0, 2, 6, 6, Decimal("66.67")),
        Delay(1, 1, 2, 8, Decimal("88.89")),
        Delay(3, 1, 1, 9, Decimal("100.00")),
    ]


def test_a_period_without_readings_has_an_empty_ledger():
    assert delays([]) == []
    assert describe([]) == "  none"


@pytest.fixture
def delivered(business):
    """Three files: in time, two days late, and one that reaches into April, which arrived at once."""
    stamps = {
        "in-time": ["2025-03-01T00:00:00Z", "2025-03-31T23:59:59Z"],
        "late": ["2025-03-05T00:00:00Z"],
        "april": ["2025-03-31T22:30:00Z", "2025-04-01T00:00:00Z", "2025-04-02T00:00:00Z"],
    }
    for name, found in stamps.items():
        business.deliver(f"power/A-1/{name}.csv", "at,value\n" + "".join(f"{stamp},1\n" for stamp in found))
    business.extract()
    arrive(business, "in-time", END)
    arrive(business, "late", END + 2 * DAY)
    arrive(business, "april", END + SECOND)
    return business


def arrive(business, name, at):
    """Set when a file arrived: that is the database's clock."""
    with business.store.begin() as connection:
        statement = sa.text("UPDATE arrivals SET arrived_at = :at WHERE uri = :uri")
        connection.execute(statement, {"at": at, "uri": f"power/A-1/{name}.csv"})


def ledger(business, period="2025-03"):
    found = late(business.store, business.catalog.source("power"), Period.parse(period), business.home)
    return [(each.days, each.files, each.rows, each.together) for each in found]


def test_readings_of_a_period_are_counted_by_the_day_on_which_they_arrived(delivered):
    assert ledger(delivered) == [(0, 1, 2, 2), (1, 1, 1, 3), (2, 1, 1, 4)]


def test_a_file_that_reaches_into_the_next_period_counts_in_both_with_its_rows_there(delivered):
    assert ledger(delivered, "2025-04") == [(0, 1, 2, 2)]


def test_the_period_ends_on_the_clock_of_the_source(delivered):
    delivered.declare(
        "sources/power.yaml",
        "source: power\nfiles: power/{account}/*\ncolumns: {at: at, value: value}\ntime: {zone: Europe/Berlin}\n",
    )
    assert ledger(delivered) == [(1, 1, 1, 1), (3, 1, 1, 2)]  # there March ended two hours before


def test_a_file_that_another_replaced_counts_no_more(delivered):
    with delivered.store.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE landed_files SET replaced_by = 'x' FROM arrivals "
            "WHERE arrivals.file_id = landed_files.file_id AND uri = 'power/A-1/late.csv'"
        )
    assert ledger(delivered) == [(0, 1, 2, 2), (1, 1, 1, 3)]


def test_the_ledger_is_a_table_for_a_person(delivered):
    found = late(delivered.store, delivered.catalog.source("power"), Period.parse("2025-03"), delivered.home)
    assert describe(found).splitlines()[1:] == [
        "                   0      1         2         2      50.00",
        "                   1      1         1         3      75.00",
        "                   2      1         1         4     100.00",
    ]
