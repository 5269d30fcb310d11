"""The latest periods are counted first, and no more of them than can be counted while somebody waits."""

from decimal import Decimal

import pytest
from uploaded_usage import uploaded

from pipeline.store.by_period import usage_by_period


def _counted(business, limit=100, before="", counted=100_000):
    """Give ({(period, brought by, UOM): (Pending, quantity)}, the period that earlier ones come before)."""
    with business.store.begin() as connection:
        found = usage_by_period(connection, limit, before, counted)
    rows = {(row["period"], row["brought_by"], row["uom"]): (row["pending"], row["quantity"]) for row in found.rows}
    return rows, found.earlier


def _periods(business, **asked):
    rows, earlier = _counted(business, **asked)
    return list(dict.fromkeys(period for period, *_ in rows)), earlier


@pytest.fixture
def year(business):
    """Each month from 2025-01 to 2025-04 has as many records as its number says."""
    months = [month for month in (1, 2, 3, 4) for _ in range(month)]
    uploaded(business.store, *({"period": f"2025-{month:02}", "quantity": Decimal(month)} for month in months))
    return business


def test_an_empty_store_has_no_periods(business):
    assert _counted(business) == ({}, None)


def test_what_brought_usage_and_its_unit_are_counted_apart(business, march):
    business.bill(march)
    uploaded(business.store, {"quantity": Decimal(2)}, {"quantity": Decimal(3)}, {"uom": "hour"})
    uploaded(business.store, {}, file_name="call", source_type="API")
    assert _counted(business) == (
        {
            ("2025-03", "API", "kwh"): (1, Decimal(1)),
            ("2025-03", "File", "hour"): (1, Decimal(1)),
            ("2025-03", "File", "kwh"): (2, Decimal(5)),
            ("2025-03", "energy", "kwh"): (1, Decimal("6.5")),
        },
        None,
    )


def test_all_periods_are_shown_where_they_are_counted_at_once(year):
    rows, earlier = _counted(year)
    assert rows == {
        (f"2025-{month:02}", "File", "kwh"): (month, Decimal(month * month)) for month in (4, 3, 2, 1)
    }  # fmt: skip
    assert earlier is None


@pytest.mark.parametrize(
    ("counted", "shown"),
    [
        (1, ["2025-04"]),  # the latest is always shown
        (4, ["2025-04"]),
        (5, ["2025-04", "2025-03"]),  # 4 are below 5, so the next is counted, whole
        (7, ["2025-04", "2025-03"]),
        (8, ["2025-04", "2025-03", "2025-02"]),
    ],
)
def test_no_earlier_period_follows_once_so_many_records_are_counted(year, counted, shown):
    assert _periods(year, counted=counted) == (shown, shown[-1])


@pytest.mark.parametrize("counted", [1, 5, 100])
@pytest.mark.parametrize("limit", [1, 3])
def test_page_by_page_every_period_is_shown_once(year, counted, limit):
    found, before = [], ""
    while before is not None:
        shown, before = _periods(year, limit=limit, before=before, counted=counted)
        found += shown
    assert found == ["2025-04", "2025-03", "2025-02", "2025-01"]


def test_a_period_is_never_cut_in_two(year):
    uploaded(year.store, *({"period": f"2025-{month:02}", "uom": "hour"} for month in (2, 3, 4)), file_name="more.csv")
    assert _periods(year, limit=1) == (["2025-04"], "2025-04")
    assert len(_counted(year, limit=1)[0]) == 2  # kWh and hours of it
    assert _periods(year, limit=3) == (["2025-04"], "2025-04")
    assert _periods(year, limit=4) == (["2025-04", "2025-03"], "2025-03")
    assert _periods(year, limit=1, before="2025-02") == (["2025-01"], None)


def test_a_period_of_which_all_was_superseded_leads_on_to_earlier_ones(year):
    with year.store.begin() as connection:
        connection.exec_driver_sql("UPDATE usage_records SET superseded_by = import_id WHERE period >= '2025-03'")
    assert _periods(year, counted=1) == ([], "2025-04")
    assert _periods(year, counted=1, before="2025-04") == ([], "2025-03")
    assert _periods(year, counted=1, before="2025-03") == (["2025-02"], "2025-02")


def test_the_period_that_ends_last_comes_first_and_not_the_last_name(business):
    """By name a year's first quarter comes after its twelve months, and the year before them all."""
    periods = ("2025", "2025-03", "2025-12", "2025-Q1", "2024-12-15--2025-01-15", "2024-12")
    uploaded(business.store, *({"period": each} for each in periods))
    in_order = ["2025-12", "2025", "2025-03", "2025-Q1", "2024-12-15--2025-01-15", "2024-12"]
    assert _periods(business) == (in_order, None)
    assert _periods(business, before="2025-03") == (in_order[3:], None)
    assert _periods(business, limit=2, before="2025") == (["2025-03", "2025-Q1"], "2025-Q1")
    assert _periods(business, before="2025-H1") == (in_order[2:], None)  # whether there is such a one or not
