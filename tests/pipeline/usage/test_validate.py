import json
import os
import subprocess
import sys
from decimal import Decimal

import pandas as pd
import pytest
from judged_once import judge_once

from expectations.suite import Suite, quarantine_unless, stop_unless
from pipeline.settings import PROJECT
from pipeline.usage.validate import POSITIONS, validate

LETTERS = ["a", "b", "c"]


def _suite(*expectations):
    return Suite("letters", "letter", ("letter", "number"), lambda frame: frame, expectations)


KNOWN = quarantine_unless(
    "letter must be known", "expect_column_values_to_be_in_set", column="letter", value_set=LETTERS
)
SMALL = quarantine_unless("number must be small", "expect_column_values_to_be_between", column="number", max_value=9)
LONG = quarantine_unless("letter must be one letter", "expect_column_value_lengths_to_equal", column="letter", value=1)
ONCE = stop_unless("a letter must occur once", "expect_column_values_to_be_unique", column="letter")


def test_a_good_frame_passes_with_no_reason_and_no_failure(tmp_path):
    frame = pd.DataFrame({"letter": LETTERS, "number": [1, 2, 3]})
    verdict = validate(frame, _suite(KNOWN, SMALL, ONCE), tmp_path, "good")
    assert (verdict.passed, verdict.reasons, verdict.failures) == (True, {}, ())
    assert [one["success"] for one in verdict.results["expectations"]] == [True, True, True]


def test_a_bad_record_is_named_by_its_index_label_with_all_that_is_wrong_and_the_step_goes_on(tmp_path):
    frame = pd.DataFrame({"letter": ["a", "x", "b"], "number": [1, 10, 11]}, index=[70, 5, 30])
    verdict = validate(frame, _suite(KNOWN, SMALL, ONCE), tmp_path, "bad-record")
    assert verdict.passed
    assert verdict.reasons == {
        5: "expectation: letter must be known; number must be small",
        30: "expectation: number must be small",
    }


def test_a_broken_table_fails_the_step_and_names_the_rows_but_quarantines_none(tmp_path):
    frame = pd.DataFrame({"letter": ["a", "b", "b"], "number": [1, 2, 3]})
    verdict = validate(frame, _suite(KNOWN, ONCE), tmp_path, "bad-table")
    assert not verdict.passed
    assert verdict.failures == ("a letter must occur once: not so in 2 of 3 rows (b, b)",)
    assert verdict.reasons == {}


def test_a_failure_names_only_the_first_five_rows(tmp_path):
    frame = pd.DataFrame({"letter": ["z"] * 7, "number": [1] * 7})
    verdict = validate(frame, _suite(ONCE), tmp_path, "many")
    assert verdict.failures == ("a letter must occur once: not so in 7 of 7 rows (z, z, z, z, z, …)",)


def test_a_check_that_breaks_fails_the_step_although_it_speaks_of_single_records(tmp_path):
    frame = pd.DataFrame({"letter": ["a"], "number": ["ten"]}, dtype=object)
    verdict = validate(frame, _suite(KNOWN, SMALL), tmp_path, "broken-check")
    assert not verdict.passed
    assert len(verdict.failures) == 1
    assert verdict.failures[0].startswith("number must be small: could not be checked (")
    assert "same type" in verdict.failures[0]
    assert "Traceback" not in verdict.failures[0]
    assert verdict.reasons == {}


def test_the_summary_counts_what_is_unexpected_in_the_order_of_the_suite_and_survives_json(tmp_path):
    frame = pd.DataFrame({"letter": ["a", "x", "x"], "number": [1, 2, 3]})
    verdict = validate(frame, _suite(ONCE, SMALL, KNOWN), tmp_path, "summary")
    assert json.loads(json.dumps(verdict.results)) == {
        "suite": "letters",
        "rows": 3,
        "expectations": [
            {
                "expectation": "a letter must occur once",
                "type": "expect_column_values_to_be_unique",
                "effect": "stop",
                "success": False,
                "unexpected": 2,
            },
            {
                "expectation": "number must be small",
                "type": "expect_column_values_to_be_between",
                "effect": "quarantine",
                "success": True,
                "unexpected": 0,
            },
            {
                "expectation": "letter must be known",
                "type": "expect_column_values_to_be_in_set",
                "effect": "quarantine",
                "success": False,
                "unexpected": 2,
            },
        ],
    }


def test_the_second_frame_is_judged_by_itself_and_not_by_what_was_seen_before(tmp_path):
    suite = _suite(KNOWN)
    assert validate(pd.DataFrame({"letter": ["x"], "number": [1]}), suite, tmp_path, "first").reasons
    assert not validate(pd.DataFrame({"letter": ["a"], "number": [1]}), suite, tmp_path, "second").reasons


def test_the_frame_keeps_its_columns_its_values_and_their_types(tmp_path):
    numbers = pd.Series([Decimal("1.10"), None, Decimal("NaN")], dtype=object)
    frame = pd.DataFrame({"letter": LETTERS, "number": numbers}, index=[2, 1, 0])
    frame["number"] = numbers.to_numpy()
    before = [repr(value) for value in frame["number"]]
    validate(frame, _suite(KNOWN), tmp_path, "untouched")
    assert [repr(value) for value in frame["number"]] == before == ["Decimal('1.10')", "None", "Decimal('NaN')"]
    assert list(frame.columns) == ["letter", "number"]
    assert list(frame.index) == [2, 1, 0]


def test_an_empty_frame_is_valid_without_loading_great_expectations_which_the_scheduler_loads_once(tmp_path):
    program = """
import sys
from decimal import Decimal
from pathlib import Path
import pandas as pd
from expectations import rated, readings, usage
from pipeline.usage.validate import validate
suites = [readings.suite(Decimal("0.1")), usage.suite(["hour"]), rated.suite(["EUR"])]
verdicts = [validate(pd.DataFrame(), suite, Path(sys.argv[1]), "empty") for suite in suites]
assert all(v.passed and v.docs is None and v.results["rows"] == 0 for v in verdicts), verdicts
assert "great_expectations" not in sys.modules
from pipeline.scheduled import preload  # as the scheduler, from which every task is forked, does once
preload()
loaded = {"great_expectations", "expectations.page"}
assert loaded <= sys.modules.keys()
"""
    root = PROJECT
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_usage_statistics_are_switched_off_whatever_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "true")
    validate(pd.DataFrame({"letter": ["a"], "number": [1]}), _suite(KNOWN), tmp_path, "quiet")
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"


def test_a_frame_without_a_column_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"suite 'letters' lacks the columns number"):
        validate(pd.DataFrame({"letter": ["a"]}), _suite(KNOWN), tmp_path, "short")


def test_a_frame_with_a_repeated_index_label_is_refused(tmp_path):
    frame = pd.DataFrame({"letter": ["a", "b"], "number": [1, 2]}, index=[4, 4])
    with pytest.raises(ValueError, match="repeats an index label"):
        validate(frame, _suite(KNOWN), tmp_path, "twice")


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a\n", "x" * 201])
def test_a_report_name_that_could_leave_its_folder_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="no plain file name"):
        validate(pd.DataFrame({"letter": ["a"], "number": [1]}), _suite(KNOWN), tmp_path, name)


def test_the_report_names_the_broken_expectation_and_the_offending_value(tmp_path):
    frame = pd.DataFrame({"letter": ["a", "quux"], "number": [1, 2]})
    verdict = validate(frame, _suite(KNOWN, ONCE), tmp_path / "new" / "folder", "usage-2025-01")
    assert verdict.docs == tmp_path / "new" / "folder" / "usage-2025-01.html"
    text = verdict.docs.read_text()
    assert "letter must be known" in text
    assert "quux" in text
    assert "Failed" in text


def test_the_report_of_the_same_frame_is_the_same_byte_by_byte_and_needs_no_network(tmp_path):
    frame = pd.DataFrame({"letter": ["a", "x"], "number": [1, "a value that breaks the check"]}, dtype=object)
    reports = [validate(frame, _suite(KNOWN, SMALL), tmp_path / str(i), "same").docs.read_bytes() for i in (1, 2)]
    assert reports[0] == reports[1]
    assert b"<script" not in reports[0]
    assert b"http" not in reports[0]


@pytest.mark.parametrize("letters", [LETTERS, ["a", "x", "b"], ["a", "b", "b"], ["x", "x", "a"], [1, "a", "b"]])
def test_a_table_is_reported_as_if_positions_had_been_asked_for_of_all_expectations(letters, tmp_path, monkeypatch):
    from great_expectations.datasource.fluent.interfaces import Batch  # noqa: PLC0415 seconds of import

    ask, suite = Batch.validate, _suite(KNOWN, SMALL, ONCE, LONG)
    frame = pd.DataFrame({"letter": letters, "number": [1, 2, 3]})
    first = validate(frame, suite, tmp_path / "1", "same")
    monkeypatch.setattr(Batch, "validate", lambda batch, suite, **_: ask(batch, suite, result_format=POSITIONS))
    second = validate(frame, suite, tmp_path / "2", "same")
    assert second.docs.read_bytes() == first.docs.read_bytes()
    assert (second.reasons, second.failures) == (first.reasons, first.failures)


@pytest.mark.parametrize(
    ("other", "suite"),
    [(["a", "c"], _suite(KNOWN)), (["a", None], _suite(KNOWN)), (["a", "b"], _suite(ONCE))],
)
def test_tests_of_bills_judge_only_an_equal_frame_and_suite_once(other, suite):
    frame = pd.DataFrame({"letter": ["a", "b"]})
    first = judge_once(frame, _suite(KNOWN))
    assert judge_once(frame.copy(), _suite(KNOWN)) is first
    assert judge_once(pd.DataFrame({"letter": other}), suite) is not first


def test_text_of_the_data_does_not_become_markup_in_the_report(tmp_path):
    frame = pd.DataFrame({"letter": ["<script>alert(1)</script>"], "number": [1]})
    report = validate(frame, _suite(KNOWN), tmp_path, "markup").docs.read_text()
    assert "<script>" not in report
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in report


def test_a_report_that_cannot_be_written_leaves_the_earlier_one_whole(tmp_path, monkeypatch):
    frame = pd.DataFrame({"letter": ["a"], "number": [1]})
    docs = validate(frame, _suite(KNOWN), tmp_path, "kept").docs
    before = docs.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        validate(pd.DataFrame({"letter": ["x"], "number": [1]}), _suite(KNOWN), tmp_path, "kept")
    assert docs.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["kept.html"]
