from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pytest

from expectations import usage
from pipeline.usage.validate import validate

SUITE = usage.suite(["hour", "GB"])
KEY = "0" * 63
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)
NO_ZONE = datetime(2025, 1, 1)


def _usage(**changed):
    """Two records of different charges; `changed` replaces cells of the first."""
    first = {
        "record_key": KEY + "1",
        "account_number": "A-1",
        "subscription_number": "S-1",
        "charge_number": "C-1",
        "charge": "compute",
        "uom": "hour",
        "quantity": Decimal("1.5"),
        "start_at": START,
        "end_at": END,
        "description": "January",
        "readings": 3,
        "negative_allowed": False,
    }
    second = {**first, "record_key": KEY + "2", "charge_number": "C-2", "description": None}
    return pd.DataFrame([{**first, **changed}, second], dtype=object)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"quantity": Decimal(0)},
        {"quantity": Decimal("0.123456789")},
        {"quantity": Decimal("9999999999999.999999999")},
        {"quantity": Decimal("1.1000000000")},
        {"readings": 0},
        {"subscription_number": None},
        {"subscription_number": "S" * 100},
        {"account_number": "a" * 50},
        {"charge_number": "Az09-_."},
        {"description": "d" * 200},
        {"description": "=SUM(A1), ok"},
        {"uom": "GB"},
    ],
)
def test_a_record_that_the_platform_takes_passes(tmp_path, changed):
    verdict = validate(_usage(**changed), SUITE, tmp_path, "usage")
    assert (verdict.passed, verdict.reasons, verdict.failures) == (True, {}, ())


SAFE = "must consist of letters, digits, '-', '_' and '.'"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"account_number": None}, "account_number must be given"),
        ({"charge_number": None}, "charge_number must be given"),
        ({"charge": None}, "charge must be given"),
        ({"uom": None}, "uom must be given"),
        ({"readings": None}, "readings must be given"),
        ({"account_number": "=A1"}, f"account_number {SAFE}"),
        ({"account_number": "A-1\n"}, f"account_number {SAFE}"),
        ({"account_number": "Ä-1"}, f"account_number {SAFE}"),
        ({"charge_number": "C 1"}, f"charge_number {SAFE}"),
        ({"subscription_number": "S/1"}, f"subscription_number {SAFE}"),
        ({"account_number": ""}, "account_number must have 1 to 50 characters"),
        ({"account_number": "a" * 51}, "account_number must have 1 to 50 characters"),
        ({"charge_number": "c" * 51}, "charge_number must have 1 to 50 characters"),
        ({"subscription_number": "s" * 101}, "subscription_number must have 1 to 100 characters"),
        ({"description": "d" * 201}, "description must have at most 200 characters"),
        ({"uom": "Hour"}, "uom must be a known unit of measure"),
        ({"quantity": None}, "quantity must be a finite decimal number"),
        ({"quantity": Decimal("NaN")}, "quantity must be a finite decimal number"),
        ({"quantity": Decimal("sNaN")}, "quantity must be a finite decimal number"),
        ({"quantity": Decimal("Infinity")}, "quantity must be a finite decimal number"),
        ({"quantity": Decimal("-Infinity")}, "quantity must be a finite decimal number"),
        ({"quantity": 1.5}, "quantity must be a finite decimal number"),
        ({"quantity": Decimal("-0.000000001")}, "quantity must not be below 0"),
        ({"quantity": Decimal(10**13)}, "quantity must have at most 13 digits before the decimal point"),
        ({"quantity": Decimal("1E+400")}, "quantity must have at most 13 digits before the decimal point"),
        ({"quantity": Decimal("0.1234567891")}, "quantity must have at most 9 decimals"),
        ({"quantity": Decimal("9999999999999.9999999991")}, "quantity must have at most 9 decimals"),
        ({"readings": -1}, "readings must not be below 0"),
        ({"start_at": None}, "start_at must be given with a time zone"),
        ({"start_at": NO_ZONE}, "start_at must be given with a time zone"),
        ({"end_at": None}, "end_at must be given with a time zone"),
        ({"end_at": START}, "start_at must lie before end_at"),
    ],
)
def test_a_record_that_the_platform_would_refuse_is_quarantined_alone(tmp_path, changed, reason):
    verdict = validate(_usage(**changed), SUITE, tmp_path, "usage")
    assert verdict.passed
    assert verdict.reasons == {0: f"expectation: {reason}"}


@pytest.mark.parametrize(
    ("quantity", "refused"), [("-1.5", {}), ("-1.500000001", {0: "expectation: quantity must not be below 0"})]
)
def test_what_a_charge_may_take_off_comes_off_its_other_usage_and_no_more(tmp_path, quantity, refused):
    credit = {"charge_number": "C-2", "quantity": Decimal(quantity), "negative_allowed": True}
    assert validate(_usage(**credit), SUITE, tmp_path, "usage").reasons == refused


@pytest.mark.parametrize(
    ("changed", "failure"),
    [
        ({"record_key": None}, "a record must have a key: not so in 1 of 2 rows (C-1)"),
        ({"record_key": "g" * 64}, "a record key must be 64 hexadecimal digits: not so in 1 of 2 rows (C-1)"),
        ({"record_key": "0" * 63}, "a record key must be 64 hexadecimal digits: not so in 1 of 2 rows (C-1)"),
        ({"record_key": KEY + "2"}, "a record key must occur once: not so in 2 of 2 rows (C-1, C-2)"),
    ],
)
def test_two_records_of_one_identity_stop_the_step(tmp_path, changed, failure):
    verdict = validate(_usage(**changed), SUITE, tmp_path, "usage")
    assert verdict.failures == (failure,)
    assert verdict.reasons == {}


def test_one_charge_has_a_record_for_each_group_of_its_usage(tmp_path):
    assert validate(_usage(charge_number="C-2"), SUITE, tmp_path, "usage").passed


def test_two_periods_of_one_charge_are_two_records(tmp_path):
    frame = _usage(charge_number="C-2", start_at=datetime(2024, 12, 1, tzinfo=UTC), end_at=START)
    assert validate(frame, SUITE, tmp_path, "usage").passed


def test_columns_of_time_stamps_and_of_texts_are_judged_as_objects_are(tmp_path):
    frame = _usage(end_at=START).astype(
        {"start_at": "datetime64[us, UTC]", "end_at": "datetime64[us, UTC]", "uom": "str"}
    )
    verdict = validate(frame, SUITE, tmp_path, "usage")
    assert (verdict.failures, verdict.reasons) == ((), {0: "expectation: start_at must lie before end_at"})


def test_the_report_names_the_sentence_that_a_record_breaks(tmp_path):
    verdict = validate(_usage(quantity=Decimal("0.1234567891")), SUITE, tmp_path, "usage")
    assert "quantity must have at most 9 decimals" in verdict.docs.read_text()


def test_a_suite_without_any_unit_is_refused():
    with pytest.raises(ValueError, match="at least one unit"):
        usage.suite([])


def test_the_records_are_left_as_they_were(tmp_path):
    frame = _usage(quantity=Decimal("NaN"))
    before = frame.copy(deep=True)
    validate(frame, SUITE, tmp_path, "usage")
    pd.testing.assert_frame_equal(frame, before)
    assert [type(quantity) for quantity in frame["quantity"]] == [Decimal, Decimal]
