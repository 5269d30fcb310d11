from decimal import Decimal

import pytest

from pipeline import artefact
from pipeline.validate_usage import ValidationFailedError

STRICT = """
source: power
files: power/{account}/*
columns: {at: at, value: value}
duplicates: keep
quarantine_limit: LIMIT
"""


def _deliver(business, march, limit):
    business.declare("sources/power.yaml", STRICT.replace("LIMIT", limit))
    business.deliver("power/A-1/march.csv", march + "2025-03-04T00:00:00Z,bad\n")  # 1 bad row of 4
    business.extract()


def test_good_usage_gets_a_verdict_without_a_reason(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    usage, verdict = business.prepare()
    table, about = artefact.read(verdict)
    assert table.num_rows == 0
    assert about["usage"] == usage.name
    assert [(each["suite"], each["rows"]) for each in about["validation"]] == [("readings", 1), ("usage", 1)]


def test_the_verdict_of_the_same_usage_is_the_same(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    assert business.prepare() == business.prepare()


@pytest.mark.parametrize(("limit", "refused"), [("0", True), ("0.2499", True), ("0.25", False)])
def test_too_many_quarantined_rows_in_a_file_refuse_the_whole_period(business, march, limit, refused):
    _deliver(business, march, limit)
    before = business.contents()
    if refused:
        with pytest.raises(
            ValidationFailedError, match=r"must not exceed .*power/A-1/march.csv.*see .*readings-energy"
        ):
            business.prepare()
        assert business.contents() == before
        assert not list((business.home / "work").rglob("verdict-*"))
    else:
        assert business.run().records == 1


def test_a_record_that_the_platform_would_refuse_is_named_with_the_reason(business):
    business.deliver("power/A-1/march.csv", "at,value\n2025-03-02T00:00:00Z,-2.5\n")
    business.extract()
    table, _ = artefact.read(business.prepare()[1])
    assert table["reason"].to_pylist() == ["expectation: quantity must not be below 0"]


def test_a_report_is_written_for_people_and_the_import_knows_where(business, march):
    business.bill(march)
    (docs,) = business.rows("imports", "docs")
    report = (business.home / docs).read_text()
    assert "quantity must be a finite decimal number" in report
    assert {path.name for path in (business.home / "data_docs").iterdir()} == {
        "readings-energy-2025-03.html", "usage-energy-2025-03.html"
    }  # fmt: skip


def test_the_results_are_stored_with_the_import(business, march):
    business.bill(march)
    ((readings, usage),) = business.rows("imports", "validation")
    assert (readings["suite"], usage["suite"]) == ("readings", "usage")
    assert all(each["success"] for suite in (readings, usage) for each in suite["expectations"])


def test_quantities_reach_the_suite_as_decimals(business):
    text = "at,value\n2025-03-02T00:00:00Z,9999999999999.999999999\n"
    assert business.bill(text).quarantined == 0
    assert business.rows("usage_records", "quantity") == [Decimal("9999999999999.999999999")]
