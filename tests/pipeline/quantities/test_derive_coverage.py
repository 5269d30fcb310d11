"""Coverage from end to end: a sample a day is expected, and March has 31 days."""

from decimal import Decimal

import pytest
from small_business import METER, SOURCE

from pipeline import artefact
from pipeline.reports.preview import preview
from pipeline.steps import Workspace
from pipeline.usage.validate_usage import ValidationFailedError
from transforms.period import Period

SILENT = "charge C-2: no sample at all"


@pytest.fixture
def covered(business, march):
    """One charge with 3 of 31 samples, and one without any; wanting some part of them."""

    def run(below, minimum="0.9"):
        business.customer("A-2")
        business.declare("sources/power.yaml", f"{SOURCE}interval_seconds: 86400\n")
        business.declare("meters/energy.yaml", f"{METER}coverage: {{minimum: {minimum}, below: {below}}}\n")
        business.deliver("power/A-1/march.csv", march)
        business.extract()
        return business

    return run


def test_a_record_of_too_few_samples_is_loaded_and_reported(covered):
    business = covered("warn")
    usage, verdict = business.prepare()
    assert artefact.read(verdict)[1]["warnings"] == [SILENT, "charge C-1: 3 of 31 samples, 0.9 of them needed"]
    assert business.load(usage, verdict).records == 1


def test_the_figure_travels_with_the_record(covered):
    business = covered("warn")
    business.run()
    assert business.rows("usage_records", "samples_seen", "samples_expected") == [(3, 31)]


def test_a_record_of_too_few_samples_is_held_until_they_are_there(covered):
    business = covered("hold", "0.12")
    held = business.run()
    assert (held.records, held.quarantined) == (0, 1)
    assert business.ledger()[1] == {("quarantined", "coverage"): 3}
    business.deliver("power/A-1/late.csv", "at,value\n2025-03-07T00:00:00Z,1\n")
    business.extract()
    assert business.run().records == 1
    assert business.quantities() == [("C-1", "2025-03", Decimal("7.5"), 4)]
    assert business.ledger()[1] == {("pending", ""): 4}


def test_a_meter_that_must_be_covered_loads_nothing_of_a_period_that_is_not(covered):
    business = covered("fail")
    before = business.contents()
    with pytest.raises(ValidationFailedError) as caught:
        business.run()
    assert str(caught.value) == (
        "meter energy, period 2025-03: the readings do not cover it: "
        f"{SILENT}; charge C-1: 3 of 31 samples, 0.9 of them needed"
    )
    assert business.contents() == before


def test_a_charge_that_starts_within_the_period_expects_samples_from_then_on(covered):
    business = covered("warn", "0.1")
    path = business.inbox / "customers/subscribed_charges.csv"
    path.write_text(path.read_text().replace("2020-01-01", "2025-03-11", 1))
    business.register()
    business.run()
    assert business.rows("usage_records", "samples_seen", "samples_expected") == [(2, 21)]


def test_a_preview_shows_the_coverage_and_who_is_missing(covered, now):
    business = covered("warn")
    workspace = Workspace(business.store, business.catalog, business.home, business.inbox)
    shown = "\n".join(preview(workspace, "energy", Period.parse("2025-03"), at=now))
    assert "0.0967" in next(line for line in shown.splitlines() if "C-1" in line).split()
    assert f"  warning: {SILENT}" in shown.splitlines()


def test_a_preview_shows_what_would_be_held_back(covered, now):
    business = covered("hold")
    workspace = Workspace(business.store, business.catalog, business.home, business.inbox)
    shown = "\n".join(preview(workspace, "energy", Period.parse("2025-03"), at=now))
    assert "  quarantined: C-1, coverage: 3 of 31 samples, 0.9 of them needed" in shown.splitlines()


def test_a_preview_of_what_would_not_be_loaded_shows_it_and_then_says_why(covered, now):
    business, shown = covered("fail"), []
    workspace = Workspace(business.store, business.catalog, business.home, business.inbox)
    with pytest.raises(ValidationFailedError, match="charge C-1: 3 of 31 samples"):
        shown.extend(preview(workspace, "energy", Period.parse("2025-03"), at=now))
    lines = [line.split() for line in "\n".join(shown).splitlines()]
    assert [next(row for row in lines if "C-1" in row)[place] for place in (0, 1, 5)] == ["A-1", "C-1", "0.0967"]
    assert ["used", "3"] in lines
