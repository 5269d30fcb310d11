from decimal import Decimal

import pandas as pd
import pytest

from expectations import readings
from pipeline.usage.validate import validate

LIMIT = Decimal("0.1")


def _profile(**changed):
    """Two landed files, the second one without a reading; `changed` replaces cells of the first."""
    full = {
        "file_id": "aa",
        "uri": "a.csv",
        "rows": 10,
        "readings": 9,
        "quarantined": 1,
        "left_out": 0,
        "at_us_min": 100,
        "at_us_max": 200,
        "quarantined_share": Decimal("0.1"),
    }
    empty = {
        **full,
        "file_id": "bb",
        "uri": "b.csv",
        "rows": 0,
        "readings": 0,
        "quarantined": 0,
        "at_us_min": None,
        "at_us_max": None,
        "quarantined_share": Decimal(0),
    }
    return pd.DataFrame([{**full, **changed}, empty], dtype=object)


def test_a_profile_at_the_limit_and_with_an_empty_file_passes(tmp_path):
    verdict = validate(_profile(), readings.suite(LIMIT), tmp_path, "profile")
    assert (verdict.passed, verdict.reasons, verdict.failures) == (True, {}, ())


def test_a_profile_with_plain_integer_columns_passes(tmp_path):
    counts = dict.fromkeys(readings.COUNTS, "int64")
    frame = _profile().astype({**counts, "at_us_min": "Int64", "at_us_max": "Int64"})
    assert validate(frame, readings.suite(LIMIT), tmp_path, "profile").failures == ()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"file_id": None}, "a landed file must have an id: not so in 1 of 2 files (a.csv)"),
        ({"file_id": "bb"}, "a file must be landed only once: not so in 2 of 2 files (a.csv, b.csv)"),
        ({"rows": -1, "readings": -2}, "rows must not be below 0: not so in 1 of 2 files (a.csv)"),
        ({"readings": -1, "rows": 0}, "readings must not be below 0: not so in 1 of 2 files (a.csv)"),
        ({"quarantined": -1, "rows": 8}, "quarantined must not be below 0: not so in 1 of 2 files (a.csv)"),
        ({"left_out": -1, "rows": 9}, "left_out must not be below 0: not so in 1 of 2 files (a.csv)"),
        ({"rows": 11}, "rows must equal readings + quarantined + left_out: not so in 1 of 2 files (a.csv)"),
        (
            {"at_us_min": None},
            "a file with readings must have a first and a last instant: not so in 1 of 2 files (a.csv)",
        ),
        (
            {"at_us_max": None},
            "a file with readings must have a first and a last instant: not so in 1 of 2 files (a.csv)",
        ),
        ({"at_us_min": 201}, "the first instant of a file must not lie after its last: not so in 1 of 2 files (a.csv)"),
        (
            {"quarantined_share": Decimal("NaN")},
            "quarantined_share must be a finite decimal number: not so in 1 of 2 files (a.csv)",
        ),
        (
            {"quarantined_share": Decimal("0.1000000000000000000001")},
            "the share of quarantined rows must not exceed 0.1: not so in 1 of 2 files (a.csv)",
        ),
    ],
)
def test_a_file_that_does_not_add_up_stops_the_step_and_is_named(tmp_path, changed, sentence):
    verdict = validate(_profile(**changed), readings.suite(LIMIT), tmp_path, "profile")
    assert not verdict.passed
    assert sentence in verdict.failures
    assert verdict.reasons == {}


def test_a_single_instant_is_a_valid_span(tmp_path):
    assert validate(_profile(at_us_min=200), readings.suite(LIMIT), tmp_path, "profile").passed


@pytest.mark.parametrize("limit", ["-0.1", "1.1"])
def test_a_limit_that_is_no_share_is_refused(limit):
    with pytest.raises(ValueError, match="share between 0 and 1"):
        readings.suite(Decimal(limit))
