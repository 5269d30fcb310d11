"""Rows of a cost report that never were usage are left out as their source declares: counted, and no faults."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from cost_reports import FILE, LEAVE_OUT, MARCH, REPORT, STRICT, WITH_A_GOOD_CREDIT, again, land, placed, quantity
from small_business import SOURCE

from pipeline import upkeep
from pipeline.proof.close import close
from pipeline.proof.trace import trace
from pipeline.proof.verify import verify
from pipeline.readings.extract import describe
from pipeline.readings.replay import describe as described
from pipeline.reports import status
from pipeline.reports.preview import preview
from pipeline.steps import Workspace
from pipeline.usage.validate_usage import ValidationFailedError
from transforms.readings.reasons import advice


def test_taxes_and_credits_are_left_out_and_the_meter_runs_under_its_limit(business):
    found = land(business)
    assert (found.readings, found.rows_quarantined, found.rows_left_out) == (2, 0, 2)
    assert placed(business) == ((4, 2, 0, 2), [(2, "left_out"), (4, "left_out")])
    business.run()
    assert quantity(business) == (Decimal("3.5"), 2)
    assert business.ledger() == (2, {("pending", ""): 2})


def test_without_the_rule_the_same_rows_are_faults_and_stop_the_meter(business):
    found = land(business, STRICT.split("leave_out")[0])
    assert (found.rows_quarantined, found.rows_left_out) == (2, 0)
    with pytest.raises(ValidationFailedError, match="quarantined of power: 1 as missing_at, 1 as missing_value"):
        business.run()


@pytest.mark.parametrize(("faults", "stops"), [(1, False), (2, True)])
def test_the_limit_is_a_share_of_the_rows_that_should_be_readings(business, faults, stops):
    """1 of 20 is 0.05; 2 of 20 are more, though they are less than 0.05 of the 60 rows that the file has."""
    good = "".join(f"2025-03-02T{hour:02}:00:00Z,1,Usage\n" for hour in range(20 - faults))
    bad, others = "2025-03-03T00:00:00Z,,Usage\n" * faults, "2025-03-31T00:00:00Z,,Tax\n" * 40
    land(business, STRICT, "at,value,kind\n" + good + bad + others)
    upkeep.note_what_stands_out(business.store, business.catalog, at=datetime.now(UTC))
    told = business.rows("events", "details ->> 'reason'")
    assert told == ([f"{faults} of 20 rows are quarantined; the limit is 0.05 of them"] if stops else [])
    if stops:
        with pytest.raises(ValidationFailedError, match=r"must not exceed 0\.05.*: 2 as missing_value; see"):
            business.run()
    else:
        business.run()


def test_a_file_of_taxes_alone_is_no_fault(business):
    found = land(business, STRICT, "at,value,kind\n" + "2025-03-31T00:00:00Z,,Tax\n" * 12)
    assert (found.landed, found.readings, found.rows_left_out) == (1, 0, 12)
    assert business.run().outcome == "empty"


def test_a_column_that_holds_something_else_refuses_the_file_whatever_is_left_out(business):
    taxes = REPORT.replace("Usage", "Tax")
    found = land(business, STRICT, taxes + "2025-03-02T00:00:00Z,many,Usage\n" * 10)
    assert (found.landed, found.quarantined) == (0, 1)
    assert business.rows("arrivals", "reason")[0].startswith(
        "retyped_column: all 10 rows are unreadable_value: 'value'"
    )


@pytest.mark.parametrize("kind", ["", "tax", "Purchase"])
def test_a_row_of_any_other_text_or_of_none_is_held_to_be_a_reading(business, kind):
    found = land(business, STRICT, f"at,value,kind\n2025-03-02T00:00:00Z,1,{kind}\n2025-03-02T00:00:00Z,,{kind}\n")
    assert (found.readings, found.rows_left_out) == (1, 0)
    assert placed(business)[1] == [(2, "missing_value")]


def test_space_around_a_text_does_not_matter(business):
    assert land(business, STRICT, REPORT.replace("Tax", " Tax ")).rows_left_out == 2


def test_a_row_that_cannot_be_split_is_a_fault_even_where_an_empty_text_is_left_out(business):
    rows = "at,value,kind\n2025-03-02T00:00:00Z,1,Usage\n2025-03-02T00:00:00Z,1,\nlonely\n"
    found = land(business, SOURCE + 'leave_out: {kind: [""]}\n', rows)
    assert (found.readings, found.rows_quarantined, found.rows_left_out) == (1, 1, 1)
    assert placed(business)[1] == [(2, "left_out"), (3, "ragged_row")]


def test_a_row_of_another_number_of_fields_is_left_out_by_its_first_field_alone(business):
    source = SOURCE + "leave_out: {kind: [note, end], more: [Tax]}\n"
    odd = 'note,1\n"note",2\n"note,x",3\nend\n250,2025-03-02T00:00:00Z,Tax\n'
    found = land(business, source, f"kind,at,value,more\n250,2025-03-02T00:00:00Z,1,x\n{odd}")
    assert (found.readings, found.rows_quarantined, found.rows_left_out) == (1, 2, 3)
    left_out, ragged = [(row, "left_out") for row in (2, 3, 5)], [(row, "ragged_row") for row in (4, 6)]
    assert placed(business)[1] == sorted(left_out + ragged)


def test_a_file_without_the_column_is_quarantined_whole(business):
    found = land(business, STRICT, "at,value\n2025-03-02T00:00:00Z,1\n")
    assert (found.landed, found.quarantined) == (0, 1)
    assert business.rows("arrivals", "reason") == ["missing_column: no 'kind'; the file has 'at', 'value'"]


def test_several_columns_each_leave_rows_out_and_one_may_be_the_value_itself(business):
    rows = "at,value,kind\n2025-03-02T00:00:00Z,1,Usage\n2025-03-02T00:00:00Z,-,Usage\n2025-03-02T00:00:00Z,1,Tax\n"
    found = land(business, SOURCE + 'leave_out: {kind: [Tax], value: ["-"]}\n', rows)
    assert (found.readings, found.rows_quarantined, found.rows_left_out) == (1, 0, 2)


def test_a_replay_under_a_wider_rule_leaves_out_what_was_quarantined(business):
    land(business, STRICT.split("leave_out")[0])
    found = again(business, STRICT)
    assert (found.landed, found.readings, found.rows_quarantined, found.rows_left_out) == (1, 2, 0, 2)
    business.run()
    assert quantity(business) == (Decimal("3.5"), 2)


def test_a_replay_under_a_narrower_rule_quarantines_what_was_left_out_and_is_a_fault(business):
    land(business)
    found = again(business, STRICT.replace("Tax, Credit", "Tax"))
    assert (found.landed, found.readings, found.rows_quarantined, found.rows_left_out) == (1, 2, 1, 1)


def test_a_replay_brings_in_what_was_left_out_and_takes_it_out_again_when_the_rule_is_back(business):
    land(business, STRICT, WITH_A_GOOD_CREDIT)
    business.run()
    assert quantity(business) == (Decimal("3.5"), 2)
    found = again(business, STRICT.replace("Tax, Credit", "Tax"))
    assert described(found) == (
        "power: 1 files landed anew with 3 readings (0 rows quarantined, 1 left out), 0 as before, "
        "0 still quarantined whole"
    )
    business.run()
    assert quantity(business) == (Decimal("7.5"), 3)
    assert again(business, STRICT).landed == 1
    business.run()
    assert quantity(business) == (Decimal("3.5"), 2)
    assert again(business, STRICT).same == 1


def test_a_closed_month_is_verified_by_its_sealed_rule_though_the_rule_was_changed(business):
    land(business, STRICT, WITH_A_GOOD_CREDIT)
    business.run()
    business.rate()
    business.post()
    close(business.store, business.catalog, MARCH, business.home, by="me")
    again(business, STRICT.replace("Tax, Credit", "Tax"))
    assert verify(business.store, MARCH, business.home).differences == []


def test_each_row_is_traced_to_its_one_fate(business):
    land(business, LEAVE_OUT, REPORT + "2025-03-05T00:00:00Z,many,Usage\n")
    business.run()
    told = [trace(business.store, business.catalog, "power", FILE, row, business.home)[0] for row in range(1, 6)]
    left_out = f"of {FILE} is left out as no reading, by leave_out of source power"
    assert told == [
        "row 1: 1 of A-1 at 2025-03-01T00:00:00+00:00", f"row 2 {left_out}",
        "row 3: 2.5 of A-1 at 2025-03-02T00:00:00+00:00", f"row 4 {left_out}",
        f"row 5 of {FILE} is quarantined since it landed: unreadable_value",
    ]  # fmt: skip


def test_extract_status_and_preview_tell_how_many_are_left_out(business, now):
    found = land(business, LEAVE_OUT, REPORT + "2025-03-05T00:00:00Z,many,Usage\n")
    shown = ["'2025-03-05T00:00:00Z'", "'many'", "'Usage'"]
    assert describe(found).splitlines() == [
        "power: 1 files landed with 2 readings (1 rows quarantined, 2 left out), 0 known, 0 quarantined whole",
        f"  unreadable_value: row 5 of {FILE} (the first of 1) holds {', '.join(shown)}{advice('unreadable_value')}",
    ]
    landed = status.summary(business.store, business.catalog.units).split("\n\n")[0].splitlines()
    assert [line.split() for line in landed[1:]] == [
        ["source", "files", "readings", "rows", "quarantined", "rows", "left", "out", "files", "quarantined"],
        ["power", "1", "2", "1", "2", "0"],
        ["power:", "1", "rows", "quarantined,", "unreadable_value"],
    ]
    workspace = Workspace(business.store, business.catalog, business.home, business.inbox)
    assert "\n".join(preview(workspace, "energy", MARCH, at=now)).splitlines()[-4:] == [
        "Quarantined of power, whatever the period", "  1 rows, unreadable_value", "",
        "Left out of power as no readings, whatever the period: 2 rows",
    ]  # fmt: skip


def test_the_same_report_in_another_order_exists(business):
    land(business)
    header, *rows = REPORT.splitlines(keepends=True)
    assert land(business, STRICT, header + "".join(reversed(rows)), "power/A-1/again.csv").exists == 1
    assert Counter(business.rows("quarantined_rows", "reason")) == {"left_out": 2}
