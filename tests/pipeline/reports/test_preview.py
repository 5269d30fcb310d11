from pipeline.reports.preview import preview
from pipeline.steps import Workspace
from transforms.period import Period


def test_a_preview_shows_the_records_and_every_reading_and_loads_nothing(business, march, now):
    business.deliver("power/A-1/march.csv", march)
    business.deliver("power/A-7/nobody.csv", march)
    business.extract()
    before = business.contents()
    workspace = Workspace(business.store, business.catalog, business.home, business.inbox)
    shown = preview(workspace, "energy", Period.parse("2025-03"), at=now)
    rows = [line.split() for line in shown.splitlines()]
    assert ["A-1", "C-1", "6.5", "kwh", "3"] in [row[:5] for row in rows]
    assert ["quarantined", "unknown_account", "3", "account", "A-7"] in rows
    assert ["used", "3"] in rows
    assert "of 6 that landed" in shown
    assert business.contents() == before
