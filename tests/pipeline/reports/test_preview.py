from pipeline.reports.preview import preview
from pipeline.steps import Workspace
from transforms.period import Period


def test_a_preview_shows_the_records_and_every_reading_and_loads_nothing(business, march, now):
    business.deliver("power/A-1/march.csv", march)
    business.deliver("power/A-7/nobody.csv", march)
    business.extract()
    before = business.contents()
    workspace = Workspace(business.store, business.catalog, business.home, business.inbox)
    shown = "\n".join(preview(workspace, "energy", Period.parse("2025-03"), at=now))
    rows = [line.split() for line in shown.splitlines()]
    assert ["A-1", "C-1", "6.5", "kwh", "3"] in [row[:5] for row in rows]
    assert ["quarantined", "unknown_account", "3", "account", "A-7"] in rows
    assert ["used", "3"] in rows
    assert "of 6 that landed" in shown
    assert business.contents() == before
    assert "Quarantined" not in shown


def test_a_preview_tells_what_of_the_source_is_no_reading_and_so_lies_in_no_period(business, now):
    business.deliver("power/A-1/wrong_dates.csv", "at,value\n31.03.2025,5\n30.03.2025,7\n")
    for number in range(6):
        business.deliver(f"power/A-1/{number}.csv", f"stamp,value\n2025-03-0{number + 1},{number}\n")
    business.extract()
    workspace = Workspace(business.store, business.catalog, business.home, business.inbox)
    lines = "\n".join(preview(workspace, "energy", Period.parse("2025-03"), at=now)).splitlines()
    assert lines[lines.index("Quarantined of power, whatever the period") + 1 :] == [
        "  2 rows, unreadable_at",
        *(f"  power/A-1/{n}.csv: missing_column: no 'at'; the file has 'stamp', 'value'" for n in range(5)),
        "  and 1 more files; meterbridge status names all",
    ]
