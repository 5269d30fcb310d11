import sqlalchemy as sa
from meanwhile import load_ends_meanwhile

from pipeline.reports import status
from pipeline.store import ledger


def _sections(business):
    return status.summary(business.store, business.catalog.units).split("\n\n")


def test_an_empty_store_says_that_it_holds_nothing(business):
    landed, conservation, records, items, exports = _sections(business)
    assert landed.splitlines()[1:] == conservation.splitlines()[1:] == exports.splitlines()[1:] == ["  none"]
    assert records == "Usage records: 0 Processed, 0 Pending"
    assert items.splitlines() == ["Rated items", "  none", "  together nothing"]


def test_totals_count_what_the_store_holds(business, march):
    assert set(status.totals(business.store).values()) == {0}
    business.bill(march)
    business.rate()
    business.export()
    assert status.totals(business.store) == {
        "landed_files": 1, "readings": 3, "imports": 1, "usage_records": 1,
        "bill_runs": 1, "rated_items": 1, "exports": 10,
    }  # fmt: skip


def test_of_what_grows_with_the_years_the_latest_is_shown_and_how_much_there_is(business, march, monkeypatch):
    monkeypatch.setattr(status, "SHOWN", 1)
    business.bill(march)
    business.rate()
    business.export()
    business.bill("at,value\n2025-04-02T00:00:00Z,4\n", "power/A-1/april.csv")
    business.run(period="2025-04")
    business.rate(period="2025-04")
    _, conservation, records, items, exports = _sections(business)
    assert [line.split()[:3] for line in conservation.splitlines()[2:]] == [
        ["2025-04", "energy", "1"],
        ["the", "latest", "1"],
    ]
    assert items.splitlines()[2].split() == ["2025-04", "A-1", "energy", "4", "kwh", "1.00", "EUR"]
    assert items.splitlines()[3:] == ["  the latest 1 of 2", "  together 2.63 EUR"]
    assert (records, exports.splitlines()[-1]) == ("Usage records: 2 Processed, 0 Pending", "  the latest 1 of 10")


def test_the_store_is_asked_as_often_whether_there_are_few_ledgers_or_many(business, march):
    asked = []
    sa.event.listen(business.store, "before_cursor_execute", lambda *call: asked.append(call[2]))
    business.bill(march)

    def questions():
        asked.clear()
        _sections(business)
        return len(asked)

    few = questions()
    for month in ("2025-04", "2025-05", "2025-06"):
        business.run(period=month)
    assert questions() == few


def test_a_billed_month_is_shown_with_its_amount_and_exports(business, march):
    business.bill(march)
    business.rate()
    business.export()
    landed, conservation, records, items, exports = _sections(business)
    assert landed.splitlines()[2].split() == ["power", "1", "3", "0", "0", "0"]
    header, row = (line.split() for line in conservation.splitlines()[1:])
    assert dict(zip(header, row, strict=True)) == {
        "period": "2025-03", "meter": "energy", "landed": "3", "billed": "3", "pending": "0", "deleted": "0",
        "duplicate": "0", "out_of_scope": "0", "quarantined": "0", "late": "0", "superseded": "0", "unexplained": "0",
    }  # fmt: skip
    assert records == "Usage records: 1 Processed, 0 Pending"
    assert items.splitlines()[2].split() == ["2025-03", "A-1", "energy", "6.5", "kwh", "1.63", "EUR"]
    assert items.splitlines()[3] == "  together 1.63 EUR"
    assert len(exports.splitlines()) == 12


def test_every_row_that_is_not_billed_is_shown_with_its_reason(business, march):
    business.deliver("power/A-7/march.csv", march)
    business.bill(march)
    business.run(period="2025-04")
    _, conservation, *_ = _sections(business)
    assert "  2025-03 energy: 3 quarantined, unknown_account (account A-7)" in conservation.splitlines()
    assert "  and 1 billing periods of meters without a reading" in conservation.splitlines()


def test_a_period_that_readings_came_late_for_is_shown_until_it_is_derived_again(business, march):
    business.bill(march)
    business.deliver("power/A-1/late.csv", "at,value\n2025-03-20T00:00:00Z,1\n")
    business.extract()
    remark = "  2025-03 energy: stale, other files have landed since; its next run, if any, derives it again"
    assert remark in _sections(business)[1].splitlines()
    business.run()
    assert "stale" not in _sections(business)[1]


def test_a_file_that_is_quarantined_whole_is_shown_with_its_reason(business):
    business.deliver("power/A-1/bad.csv", "")
    business.extract()
    assert (
        "  power: power/A-1/bad.csv is quarantined: empty_file: it holds no byte" in _sections(business)[0].splitlines()
    )


def test_the_same_store_is_described_the_same_way_twice(business, march):
    business.bill(march)
    assert _sections(business) == _sections(business)


def test_the_status_is_of_one_moment_though_a_load_ends_meanwhile(business, march):
    business.bill(march)
    load_ends_meanwhile(business.store)
    assert _sections(business)[1].splitlines()[2].split() == ["2025-03", "energy", "3", "0", "3", *"000000", "0"]
    assert _sections(business)[1].splitlines()[2].split() == ["2025-03", "energy", "8", "0", "8", *"000000", "0"]


def test_the_latest_ledgers_are_those_of_the_periods_that_end_last(business):
    """By name a year's first quarter would be shown, and its December not."""
    made = "SELECT 'm', unnest(ARRAY['2025-Q1', '2025-12', '2025', '2025-03']), 0, 'created'"
    with business.store.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO ledgers (meter, period, landed, outcome) {made}")
        found = ledger.all_ledgers(connection, latest=3)
    assert [each.period for each in found] == ["2025-03", "2025", "2025-12"]
