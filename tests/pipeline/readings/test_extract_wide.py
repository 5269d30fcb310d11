"""Days in rows, landed and billed: the same content as a long file has, and nothing lost on the way."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.proof.trace import UnknownRowError, trace
from pipeline.readings.landing import landing
from pipeline.sources.files import RawFile
from transforms.catalog.source import Source
from transforms.readings.reasons import advice

LONDON = ZoneInfo("Europe/London")
HALF_HOUR = timedelta(minutes=30)
SHORT, LONG = date(2025, 3, 30), date(2025, 10, 26)
NAMES = [f"HH{place}" for place in range(1, 51)]
TIMES = [f"{minutes // 60:02}:{minutes % 60:02}" for minutes in range(0, 24 * 60, 30)]
SOURCE = """
source: power
files: power/*
columns: {at: Date, account: MPAN, value: "HH{1..50}"}
wide: ordinal
time: {format: "%d/%m/%Y", zone: Europe/London}
interval_seconds: 1800
duplicates: exact
quarantine_limit: 0.9
"""
LANDED = {"source": "power", "files": "*", "interval_seconds": "1800"}
LONG_FILE = LANDED | {"columns": {"at": "at", "account": "who", "value": "value"}}
BY_ORDINAL = LANDED | {
    "columns": {"at": "day", "account": "who", "value": "HH{1..50}"},
    "wide": "ordinal", "time": {"zone": "Europe/London"},
}  # fmt: skip
BY_TIME = LANDED | {
    "columns": {"at": "day", "account": "who", "value": "{00:00..23:30}"},
    "wide": "time", "time": {"zone": "Europe/London"},
}  # fmt: skip

BY_ACCOUNT = LANDED | {"columns": {"at": "at", "value": "{A,B}"}, "wide": "account"}


def starts(day):
    """The instants at which the half hours of a day in London start: 46, 48 or 50."""
    first, end = (datetime(*each.timetuple()[:3], tzinfo=LONDON).astimezone(UTC) for each in (day, day + timedelta(1)))
    return [first + number * HALF_HOUR for number in range((end - first) // HALF_HOUR)]


def day_row(day, *values):
    return ",".join(["A-1", f"{day:%d/%m/%Y}", *values, *[""] * (50 - len(values))]) + "\n"


def file(*rows):
    return ",".join(["MPAN", "Date", *NAMES]) + "\n" + "".join(rows)


@st.composite
def months(draw, days):
    """What some meters used on some days: a number, or None where nothing is known, for each half hour."""
    wanted = draw(
        st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(days)), min_size=1, max_size=4, unique=True)
    )
    value = st.none() | st.decimals(-99, 99, places=3).map(str)
    return {(who, day): [draw(value) for _ in starts(day)] for who, day in wanted}


def landed_as(tmp_path, fields, rows):
    """Land a file, and give what it is named by, which is its content; nothing of it is quarantined."""
    path = tmp_path / "arrived"
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    key = hashlib.sha256(path.read_bytes()).hexdigest()
    with landing(Source.model_validate(fields), RawFile(path, "arrived"), key, tmp_path / "home") as found:
        assert found.landed.quarantined == 0
        return found.landed.file_id


def long_rows(used):
    told = [(who, at, value) for (who, day), values in used.items()
            for at, value in zip(starts(day), values, strict=True) if value is not None]  # fmt: skip
    return [("who", "at", "value"), *((who, at.isoformat(), value) for who, at, value in told)]


def wide_rows(used, names, place_of):
    rows = [("who", "day", *names)]
    for (who, day), values in used.items():
        cells = dict.fromkeys(names, "")
        cells |= {names[place_of(place, at)]: value or "" for place, (at, value) in
                  enumerate(zip(starts(day), values, strict=True))}  # fmt: skip
        rows.append((who, day.isoformat(), *cells.values()))
    return rows


@settings(max_examples=15)
@given(used=months([SHORT, date(2025, 1, 15), LONG]))
def test_a_long_file_and_the_same_with_a_column_for_each_account_land_as_one_content(tmp_path_factory, used):
    folder = tmp_path_factory.mktemp("landed")
    rows = long_rows(used)
    instants = sorted({at for _, at, _ in rows[1:]})
    cells = {(who, at): value for who, at, value in rows[1:]}
    table = [("at", "A", "B"), *((at, cells.get(("A", at), ""), cells.get(("B", at), "")) for at in instants)]
    assert landed_as(folder, BY_ACCOUNT, table) == landed_as(folder, LONG_FILE, rows)


@settings(max_examples=15)
@given(used=months([SHORT, date(2025, 6, 1), date(2025, 1, 15), LONG]))
def test_a_long_file_and_the_same_written_by_ordinals_land_as_one_content(tmp_path_factory, used):
    folder = tmp_path_factory.mktemp("landed")
    wide = landed_as(folder, BY_ORDINAL, wide_rows(used, NAMES, lambda place, _: place))
    assert wide == landed_as(folder, LONG_FILE, long_rows(used))


@settings(max_examples=15)
@given(used=months([SHORT, date(2025, 6, 1), date(2025, 1, 15)]))
def test_a_long_file_and_the_same_written_by_times_land_as_one_content(tmp_path_factory, used):
    def by_clock(_, at):
        return TIMES.index(f"{at.astimezone(LONDON):%H:%M}")

    folder = tmp_path_factory.mktemp("landed")
    wide = landed_as(folder, BY_TIME, wide_rows(used, TIMES, by_clock))
    assert wide == landed_as(folder, LONG_FILE, long_rows(used))


@pytest.fixture
def half_hours(business):
    """The small business, with its meter in rows of half hours, in London."""
    business.declare("sources/power.yaml", SOURCE)
    accounts = business.inbox / "customers" / "accounts.csv"
    accounts.write_text(accounts.read_text().replace("UTC", "Europe/London"))
    business.register()
    return business


def test_every_cell_that_is_filled_is_accounted_for(half_hours):
    rows = [day_row(SHORT, *["1"] * 48), day_row(date(2025, 3, 31), "1", "", "2", "x"), day_row(date(2025, 4, 1), "7")]
    half_hours.bill(file(*rows), "power/march.csv")
    assert half_hours.quantities() == [("C-1", "2025-03", Decimal(49), 48)]  # 46 x 1 + 1 + 2
    assert half_hours.rows("quarantined_rows", "row", "reason") == [
        (1047, "beyond_day_end"), (1048, "beyond_day_end"), (2004, "unreadable_value"),
    ]  # fmt: skip
    assert half_hours.rows("landed_files", "rows", "readings", "quarantined") == [(52, 49, 3)]  # one is of April
    assert half_hours.ledger() == (48, {("pending", ""): 48})


def test_a_file_that_lacks_a_column_of_the_day_is_quarantined_whole_with_the_difference(half_hours):
    half_hours.deliver("power/march.csv", file(day_row(SHORT, "1")).replace("HH50", "Total"))
    assert half_hours.extract().quarantined == 1
    (reason,) = half_hours.rows("arrivals", "reason")
    assert reason.startswith("missing_column: no 'HH50'; the file has 'MPAN', 'Date', 'HH1', ")


def test_a_column_that_is_new_beside_the_day_is_told_and_those_of_the_day_are_not(half_hours):
    half_hours.deliver("power/1.csv", file(day_row(SHORT, "1")))
    assert half_hours.extract().warnings == ()
    half_hours.deliver("power/2.csv", file(day_row(LONG, "1")).replace("HH50", "HH50,Total").replace(",\n", ",,\n"))
    (warning,) = half_hours.extract().warnings
    assert "new_column: 'Total' was not" in warning


def test_a_range_of_which_no_cell_is_a_number_is_named_as_the_source_names_it(half_hours):
    half_hours.deliver("power/march.csv", file(day_row(SHORT, *["on"] * 46)))
    assert half_hours.extract().quarantined == 1
    (reason,) = half_hours.rows("arrivals", "reason")
    assert reason == (
        "retyped_column: all 46 rows are unreadable_value: 'HH{1..50}' should hold a number such as 1234.5, "
        f"and row 1001 holds 'on'{advice('unreadable_value')}"
    )


def test_an_interval_is_traced_by_the_row_of_its_day_and_its_place(half_hours):
    def told(row):
        return trace(half_hours.store, half_hours.catalog, "power", "power/march.csv", row, half_hours.home)

    half_hours.bill(file(day_row(date(2025, 3, 29), "1"), day_row(SHORT, "1", "2", "4", "x")), "power/march.csv")
    assert told(2003)[0] == "row 2003: 4 of A-1 at 2025-03-30T01:00:00+00:00"  # 02:00 on the clock
    assert told(2003)[-1] == "    usage record 1: 8 kwh, Pending"
    assert told(2004)[0] == "row 2004 of power/march.csv is quarantined since it landed: unreadable_value"
    with pytest.raises(UnknownRowError, match="where a row holds a day 1007 is the seventh interval of row 1"):
        told(1002)


def test_a_day_that_is_sent_again_is_counted_once(half_hours):
    half_hours.deliver("power/again.csv", file(day_row(SHORT, *["1"] * 46)))
    half_hours.bill(file(day_row(SHORT, *["1"] * 46), day_row(date(2025, 3, 31), "5")), "power/march.csv")
    assert half_hours.quantities() == [("C-1", "2025-03", Decimal(51), 47)]
