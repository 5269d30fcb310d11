"""A record as a row of the billing platform's own file, which the project's own uploads take as well."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from transforms.upload.columns import read_header
from transforms.upload.dates import Locale
from transforms.upload.rows import Reader
from transforms.upload.usage_file import UnfitRecordError, file_row, header

COLUMNS = header(["REGION__c", "site__c", "Region__c"])
RECORD = {
    "record_id": 7, "account_number": "A-1", "subscription_number": "S-1", "charge_number": "C-1", "uom": "kWh",
    "quantity": Decimal("6.500000000"), "start_at": datetime(2025, 3, 1, 5, tzinfo=UTC),
    "end_at": datetime(2025, 4, 1, 4, tzinfo=UTC), "description": "March, all of it",
    "custom_fields": {"REGION__c": "eu"}, "unique_key": None,
    "record_key": "f" * 64, "source_type": "Meter", "time_zone": "America/New_York",
}  # fmt: skip


def _row(**changes):
    return dict(zip(COLUMNS, file_row(RECORD | changes, COLUMNS), strict=True))


def test_a_record_is_written_in_the_columns_of_a_usage_file_with_the_account_s_own_dates():
    assert _row() == {
        "ACCOUNT_ID": "A-1", "UOM": "kWh", "QTY": "6.5", "STARTDATE": "03/01/2025", "ENDDATE": "03/31/2025",
        "SUBSCRIPTION_ID": "S-1", "CHARGE_ID": "C-1", "DESCRIPTION": "March, all of it",
        "PRODUCT_RATE_PLAN_CHARGE_ID": "", "UNIQUE_KEY": "f" * 64, "REGION__C": "eu", "SITE__C": "",
    }  # fmt: skip


def test_an_upload_takes_what_was_written():
    found = read_header(COLUMNS, {})
    row, problems = Reader(found, {}, Locale.US).read(1, 2, file_row(RECORD, COLUMNS))
    assert (found.problems, problems) == ([], [])
    assert (row.quantity, row.start, row.end) == (Decimal("6.5"), datetime(2025, 3, 1), datetime(2025, 3, 31))
    assert row.custom_fields == {"REGION__c": "eu"}


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"end_at": None}, ""),
        ({"source_type": "File", "end_at": datetime(2025, 3, 31, 4, tzinfo=UTC)}, "03/31/2025"),
        ({"end_at": datetime(2025, 3, 1, 5, tzinfo=UTC)}, "03/01/2025"),
    ],
)
def test_the_end_is_the_last_day_as_it_was_derived_or_sent(changes, end):
    assert _row(**changes)["ENDDATE"] == end


def test_the_sender_s_own_key_names_the_record():
    assert _row(unique_key="march/1")["UNIQUE_KEY"] == "march/1"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"account_number": "=A-1"}, "ACCOUNT_ID '=A-1'"),
        ({"account_number": "A-1;"}, "ACCOUNT_ID 'A-1;'"),
        ({"account_number": "A" * 51}, "ACCOUNT_ID"),
        ({"uom": "@kWh"}, "UOM '@kWh'"),
        ({"description": "\u00a0=1"}, "DESCRIPTION"),
        ({"description": "two\nlines"}, "DESCRIPTION"),
        ({"custom_fields": {"REGION__c": "-1+1"}}, "REGION__C '-1[+]1': text_formula"),
        ({"charge_number": None}, "CHARGE_ID '': no charge takes it; the platform bills it by each of its unit"),
        ({"quantity": Decimal("-0.5")}, "QTY '-0.5': a file holds no quantity below 0"),
    ],
)
def test_what_the_file_cannot_say_is_refused_by_record_and_column(changes, told):
    with pytest.raises(UnfitRecordError, match=f"record 7, {told}"):
        _row(**changes)
