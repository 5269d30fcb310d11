"""A usage record as a row of the billing platform's own usage file."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from transforms.errors import MeterbridgeError
from transforms.figures import plain
from transforms.upload.cells import WrongCellError, read_text
from transforms.upload.columns import Column
from transforms.upload.reasons import Reason

ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,49}")
UOM = re.compile(r"[^\W_][\w .%/()°·-]{0,99}")
TEXT_MAX = 255
Record = Mapping[str, Any]
DATE = "%m/%d/%Y"  # as the locale en_US writes it


class UnfitRecordError(MeterbridgeError):
    """A record that the billing platform's file cannot say; the message names it, and nothing is written."""


def header(custom_fields: Sequence[str]) -> list[str]:
    """List the columns: the standard ones, and those of the custom fields."""
    return [*Column, *sorted({name.upper() for name in custom_fields})]


def file_row(record: Record, columns: Sequence[str]) -> list[str]:
    """Write a record (as it is exported) in these columns; UnfitRecordError where the file cannot say what it is.

    Dates are the account's own, in the form of en_US; the end is the last day. The key is the sender's, else the
    record's own: uploaded again, the file changes nothing.
    """
    zone = ZoneInfo(record["time_zone"])
    cells: dict[str, str] = {
        Column.ACCOUNT: _fitting(record, Column.ACCOUNT, record["account_number"], ACCOUNT),
        Column.UOM: _fitting(record, Column.UOM, record["uom"], UOM),
        Column.QUANTITY: _quantity(record, record["quantity"]),
        Column.START: record["start_at"].astimezone(zone).strftime(DATE),
        Column.END: _end(record, zone),
        Column.SUBSCRIPTION: record["subscription_number"],
        Column.CHARGE: _charge(record),
        Column.DESCRIPTION: record["description"],
        Column.UNIQUE_KEY: record["unique_key"] or record["record_key"],
        **{name.upper(): value for name, value in record["custom_fields"].items()},
    }
    return [_harmless(record, column, cells.get(column, "")) for column in columns]


def _end(record: Record, zone: ZoneInfo) -> str:
    """Tell the last day: a derived record ends when its last day does, an uploaded one as it was sent."""
    start: datetime = record["start_at"]
    end: datetime | None = record["end_at"]
    if end is None:
        return ""
    last = end - timedelta(microseconds=1) if record["source_type"] == "Meter" else end
    return max(last, start).astimezone(zone).strftime(DATE)


def _charge(record: Record) -> str:
    """Name the charge: usage that names none is billed by every charge of its account that counts its unit."""
    if not (number := record["charge_number"]):
        raise _unfit(record, Column.CHARGE, "", "no charge takes it; the platform bills it by each of its unit")
    return str(number)


def _quantity(record: Record, quantity: Decimal) -> str:
    if quantity < 0:
        raise _unfit(record, Column.QUANTITY, plain(quantity), "a file holds no quantity below 0; send it by a call")
    return plain(quantity)


def _fitting(record: Record, column: str, text: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(text):
        raise _unfit(record, column, text, "the billing platform takes no such name")
    return text


def _harmless(record: Record, column: str, text: str) -> str:
    try:
        return read_text(text, TEXT_MAX, Reason.TEXT_TOO_LONG)
    except WrongCellError as error:
        raise _unfit(record, column, text, str(error.reason)) from error


def _unfit(record: Record, column: str, text: str, why: str) -> UnfitRecordError:
    return UnfitRecordError(f"record {record['record_id']}, {column} {text!r}: {why}; nothing was written")
