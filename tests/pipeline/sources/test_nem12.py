"""NEM12: real files of the Australian market, their quirks, and every way in which they can be damaged."""

import gzip
import io
import zipfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.settings import PROJECT
from pipeline.sources.files import RawFile, UnreadableFileError, open_rows
from transforms.source import Source

DATA = PROJECT / "tests/data/nem12"
COLUMNS = {"at": "start", "value": "value", "account": "nmi", "subscription": "suffix"}
SOURCE = """
source: power
files: power/*
format: {kind: nem12}
columns: {at: start, value: value, account: nmi, subscription: suffix, event_id: interval}
time: {zone: Australia/Brisbane}
duplicates: exact
"""
HALF_HOURS = ",".join(["1.5"] * 48)
SMALL = (
    f"100,NEM12,200405011135,MDA1,Ret1\n200,N1,E1,1,E1,N1,M1,kWh,30,\n300,20040201,{HALF_HOURS},A,,,20040202,\n900\n"
)


def _example(name):
    return DATA / f"Example_NEM12_{name}.csv"


def _rows(path, columns=None):
    source = Source.model_validate(
        {
            "source": "power",
            "files": "*",
            "format": {"kind": "nem12"},
            "columns": columns or COLUMNS,
            "time": {"zone": "Australia/Brisbane"},
        }
    )
    with open_rows(RawFile(Path(path), "arrived"), source) as rows:
        return rows.arrow().read_all().to_pylist()


@pytest.fixture
def read(tmp_path):
    def read(text, columns=None):
        path = tmp_path / "arrived"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return _rows(path, columns)

    return read


def _sums(rows):
    found = defaultdict(Decimal)
    for row in rows:
        found[row["account"], row["subscription"]] += Decimal(row["value"])
    return dict(found)


def _plain_sums(path):
    """Add up a file by nothing but its commas: the values stand between the day and the first letter."""
    found = defaultdict(Decimal)
    for line in path.read_text().split("\n"):
        fields = line.strip().split(",")
        if fields[0] == "200":
            channel = fields[1], fields[4]
        elif fields[0] == "300":
            values = fields[2 : 2 + next(place for place, field in enumerate(fields[2:]) if field.isalpha())]
            found[channel] += sum(map(Decimal, values))
    return dict(found)


@pytest.mark.parametrize(
    ("name", "intervals", "sums"),
    [
        ("actual_interval", 96, {("VABD000163", "E1"): "53.328", ("VABD000163", "Q1"): "106.656"}),  # 48 x 1.111
        ("upper_case_units", 96, {("VABD000163", "E1"): "53.328", ("VABD000163", "Q1"): "106.656"}),
        ("multiple_quality", 48, {("CCCC123456", "E1"): "896.990"}),
        (
            "multiple_meters",  # two days of 96 quarters of an hour, at 10, 10, 50, 100, 20 and 50
            1152,
            {
                ("NCDE001111", "E1"): "1920", ("NCDE001111", "B1"): "1920", ("NCDE001111", "Q1"): "9600",
                ("NCDE001111", "E2"): "19200", ("NDDD001888", "B1"): "3840", ("NDDD001888", "K2"): "9600",
            },
        ),
        ("month_solar", 17856, {("NMI1234567", "B1"): "589.172", ("NMI1234567", "E1"): "270.738"}),  # 2 x 31 x 288
    ],
)  # fmt: skip
def test_every_interval_of_a_real_file_is_a_row_of_its_meter_and_channel(name, intervals, sums):
    rows = _rows(_example(name))
    assert len(rows) == intervals
    assert len({row["row"] for row in rows}) == intervals
    assert _sums(rows) == {channel: Decimal(text) for channel, text in sums.items()} == _plain_sums(_example(name))


def test_a_row_says_when_its_interval_starts_and_its_number_where_it_stands():
    rows = _rows(_example("actual_interval"))
    assert rows[0] == {
        "row": 3001, "defect": None, "at": "2004-02-01T00:00", "value": "1.111",
        "account": "VABD000163", "subscription": "E1",
    }  # fmt: skip
    assert [(row["row"], row["at"]) for row in rows[46:49]] == [
        (3047, "2004-02-01T23:00"), (3048, "2004-02-01T23:30"), (5001, "2004-02-01T00:00"),
    ]  # fmt: skip


def test_five_minutes_and_a_quarter_of_an_hour_are_intervals_too():
    assert [row["at"] for row in _rows(_example("month_solar"))[:3]] == [
        "2023-03-01T00:00", "2023-03-01T00:05", "2023-03-01T00:10",
    ]  # fmt: skip
    assert [row["at"][11:] for row in _rows(_example("multiple_meters"))[94:97]] == ["23:30", "23:45", "00:00"]


def test_a_value_is_the_text_that_was_written():
    values = [row["value"] for row in _rows(_example("multiple_quality"))]
    assert values[:3] == ["18.023", "19.150", "17.592"]
    assert ".005" in [row["value"] for row in _rows(_example("month_solar"))]


def test_the_channel_may_be_left_aside():
    rows = _rows(_example("multiple_quality"), {"at": "start", "value": "value", "account": "nmi"})
    assert rows[0] == {
        "row": 3001,
        "defect": None,
        "at": "2004-04-17T00:00",
        "value": "18.023",
        "account": "CCCC123456",
    }


@pytest.mark.parametrize("columns", [{"at": "end"}, {"revision": "updated"}, {"attributes": {"meter": "serial"}}])
def test_a_source_that_names_a_column_which_the_format_does_not_have_is_refused(columns):
    with pytest.raises(ValueError, match="NEM12 has nmi, suffix, start, value, interval, revision, quality, and no '"):
        _rows(_example("multiple_quality"), COLUMNS | columns)


QUALITY = COLUMNS | {"revision": "revision", "attributes": {"quality": "quality"}}


def test_the_quality_of_an_interval_is_its_own_where_that_of_the_day_varies():
    rows = _rows(_example("multiple_quality"), QUALITY)
    told = [(row["attribute_quality"], row["revision"]) for row in rows]
    assert told == (
        [("F", "200404182035003")] * 20 + [("A", "200404182035004")] * 4 + [("S", "200404182035002")] * 24
    )  # the day was updated at 20:35:00 on the 18th


def _revised(read_rows, quality, updated, more=""):
    text = SMALL.replace(",A,,,20040202,", f",{quality},,,{updated},").replace("900", more + "900")
    return [int(row["revision"]) for row in read_rows(text, QUALITY)]


def test_a_revision_grows_from_estimate_to_actual_and_with_every_update_of_the_day(read):
    steps = [("N", ""), ("E52", ""), ("S14", ""), ("F", ""), ("A", ""), ("E52", "20040202"), ("A", "20040202120025")]
    steps += [("E52", "20040202120026"), ("S14", "20040202120026")]
    found = [_revised(read, quality, updated)[0] for quality, updated in steps]
    assert found == sorted(set(found))
    assert found[:6] == [0, 1, 2, 3, 4, 200402020000001]


def test_a_record_of_quality_counts_for_its_intervals_alone_and_the_last_one_holds(read):
    found = _revised(read, "A", "", "400,3,4,S14,,\n500,O,S01,20040201,1.5\n400,4,4,F14,,\n")
    assert found == [4, 4, 2, 3] + [4] * 44


def test_an_interval_without_a_measurement_has_no_value_whatever_stands_there(read):
    rows = read(SMALL.replace("900", "400,2,3,N,,\n900"), QUALITY)
    assert [row["value"] for row in rows] == ["1.5", "", ""] + ["1.5"] * 45
    assert {row["value"] for row in read(SMALL.replace(",A,,,", ",N,,,"))} == {""}


def test_an_estimate_that_was_replaced_counts_no_more_in_any_order_of_the_files(business):
    business.declare(
        "sources/power.yaml",
        SOURCE.replace("subscription: suffix, ", "").replace("interval}", "interval, revision: revision}"),
    )
    business.customer("N1", time_zone="Australia/Brisbane")
    actual = SMALL.replace("20040201", "20250201").replace("20040202", "20250203")
    estimate = actual.replace("20250201,1.5", "20250201,2.5", 1).replace(",A,,,20250203", ",E52,,,20250202")
    business.deliver("power/a.csv", actual)
    business.deliver("power/b.csv", estimate)
    assert business.extract().readings == 96
    business.run(period="2025-02")
    assert business.quantities() == [("C-N1", "2025-02", Decimal("72.0"), 48)]  # 48 x 1.5


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty", "empty_file: it holds no day (record 300)"),
        ("incomplete_interval", "wrong_interval_count: line 3: 2004-02-01 has 0 intervals of 48"),
        ("missing_header", "missing_header: line 2: the first record is '200', where 100,NEM12 must stand"),
    ],
)
def test_each_broken_real_file_is_quarantined_whole_with_the_line(business, name, reason):
    business.declare("sources/power.yaml", SOURCE)
    business.deliver("power/bad.csv", _example(name).read_bytes())
    found = business.extract()
    assert (found.landed, found.quarantined, found.readings) == (0, 1, 0)
    assert business.rows("arrivals", "reason") == [reason]
    assert business.rows("landed_files", "file_id") == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("100,NEM12", "100,NEM13", r"wrong_version: line 1: 'NEM13' is not NEM12"),
        ("100,NEM12", "100", r"wrong_version: line 1: '200405011135' is not NEM12"),
        ("200,N1,E1,1,E1,N1,M1,kWh,30,\n", "", r"wrong_record: line 2: '300' cannot follow upon 100"),
        ("kWh,30", "kWh,60", r"wrong_channel: line 2: intervals last 5, 15, 30 minutes, not '60'"),
        (",kWh,30,", "", r"wrong_channel: line 2: intervals last 5, 15, 30 minutes, not ''"),
        ("200,N1,", "200,,", r"wrong_channel: line 2: it names no NMI or no suffix"),
        ("1,E1,N1", "1,,N1", r"wrong_channel: line 2: it names no NMI or no suffix"),
        ("kWh,30", "kWh,15", r"wrong_interval_count: line 3: 2004-02-01 has 48 intervals of 96"),
        (HALF_HOURS, HALF_HOURS + ",1.5", r"wrong_interval_count: line 3: 2004-02-01 has 49 intervals of 48"),
        (HALF_HOURS, HALF_HOURS[4:], r"wrong_interval_count: line 3: 2004-02-01 has 47 intervals of 48"),
        (",A,,,", ",,,,", r"wrong_interval_count: line 3: no quality follows upon 48 intervals of 2004-02-01"),
        ("20040201", "20040230", r"wrong_day: line 3: '20040230' is no date such as 20040201"),
        ("20040201", "2004021", r"wrong_day: line 3: '2004021' is no date"),
        (
            ",A,,,20040202,",
            ",V,,,,",
            r"wrong_quality: line 3: the quality varies, and no .* interval 1$",
        ),
        ("900\n", "400,1,49,A,,\n900\n", r"wrong_quality: line 4: '1' to '49' are no intervals of 1 to 48"),
        ("900\n", "400,2,1,A,,\n900\n", r"wrong_quality: line 4: '2' to '1' are no intervals of 1 to 48"),
        ("900\n", "400,1\n900\n", r"wrong_quality: line 4: '1' to '' are no intervals of 1 to 48"),
        ("900\n", "400,1,2,V,,\n900\n", r"wrong_quality: line 4: 'V' is no quality of an interval"),
        ("900\n", "400,1,2,,,\n900\n", r"wrong_quality: line 4: '' is no quality of an interval"),
        (",20040202,", ",2004-02-02,", r"wrong_update: line 3: '2004-02-02' is no instant such as 20040202120025"),
        ("900\n", "", r"missing_end: the last record, on line 3, is no 900; the file is cut off"),
        ("900\n", "900\n900\n", r"wrong_record: line 5: '900' cannot follow upon 900"),
        ("900\n", "600\n900\n", r"wrong_record: line 4: '600' cannot follow upon 300"),
        ("M1,kWh", "M\xff,kWh", r"wrong_encoding: line 2 is not UTF-8"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_with_the_line(read, old, new, reason):
    assert len(read(SMALL)) == 48
    assert old in SMALL
    with pytest.raises(UnreadableFileError, match=reason):
        read(SMALL.replace(old, new, 1).encode("latin-1"))


def test_a_real_file_cut_at_any_byte_gives_nothing(read):
    text = _example("actual_interval").read_bytes()
    assert text.endswith(b"900\r\n")
    for size in range(len(text) - 2):
        with pytest.raises(UnreadableFileError):
            read(text[:size])
    assert len(read(text[:-2])) == 96


def test_a_value_that_is_missing_is_quarantined_with_line_and_place_and_the_others_land(business):
    business.declare("sources/power.yaml", SOURCE)
    business.deliver("power/february.csv", SMALL.replace("300,20040201,1.5,1.5,1.5", "300,20040201,1.5,,x1", 1))
    found = business.extract()
    assert (found.readings, found.rows_quarantined) == (46, 2)
    assert business.rows("quarantined_rows", "row", "reason") == [(3002, "missing_value"), (3003, "unreadable_value")]


def test_records_of_readings_by_hand_and_unread_qualities_change_no_value(read):
    more = "400,1,20,F14,76,\n400,21,48,A,,\n500,O,S01,20040201,1.5\n900"
    assert read(SMALL.replace("900", more)) == read(SMALL)


def _zip(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("march.csv", content)
    return buffer.getvalue()


def test_the_same_month_in_any_wrapping_lands_once(business):
    business.declare("sources/power.yaml", SOURCE)
    text = _example("month_solar").read_bytes()
    wrapped = {
        "plain": text,
        "gzip": gzip.compress(text),
        "zip": _zip(text),
        "crlf": text.replace(b"\n", b"\r\n"),
        "cr": text.replace(b"\n", b"\r"),
        "bom": b"\xef\xbb\xbf" + text,
        "spreadsheet": text.replace(b"\n900", b"\n\n900,,,,"),
    }
    for name, content in wrapped.items():
        business.deliver(f"power/{name}", content)
    found = business.extract()
    assert (found.landed, found.exists, found.readings) == (1, len(wrapped) - 1, 17856)
    business.deliver("power/other", text.replace(b",.005,", b",.006,", 1))
    assert business.extract().landed == 1


def test_an_interval_delivered_again_counts_once_and_one_whose_value_was_replaced_is_set_aside(business):
    business.declare("sources/power.yaml", SOURCE.replace("subscription: suffix, ", ""))
    business.customer("N1", time_zone="Australia/Brisbane")
    first = SMALL.replace("20040201", "20250201")
    business.deliver("power/first.csv", first)
    business.deliver("power/again.csv", first.replace("20250201,1.5", "20250201,2.5", 1))
    assert business.extract().readings == 96
    business.run(period="2025-02")
    assert business.quantities() == [("C-N1", "2025-02", Decimal("70.5"), 47)]  # 47 x 1.5
    assert business.rows("ledger_lines", "place", "reason", "rows") == [
        ("duplicate", "same_content", 47), ("quarantined", "conflicting_duplicate", 2),
    ]  # fmt: skip


def test_the_sum_of_a_month_is_the_one_that_plain_arithmetic_finds(business):
    business.declare("sources/power.yaml", SOURCE)
    business.deliver(
        "customers/accounts.csv",
        "account_number,name,currency,time_zone,status\nNMI1234567,Roof,EUR,Australia/Brisbane,Active\n",
    )
    business.deliver(
        "customers/subscribed_charges.csv",
        "charge_number,subscription_number,account_number,charge,start_at,end_at,status\n"
        "C-IN,B1,NMI1234567,energy,2020-01-01T00:00:00Z,,Active\n"
        "C-OUT,E1,NMI1234567,energy,2020-01-01T00:00:00Z,,Active\n",
    )
    business.register()
    business.deliver("power/march.csv", _example("month_solar").read_bytes())
    business.extract()
    business.run(period="2023-03")
    sums = _plain_sums(_example("month_solar"))
    assert business.quantities() == [
        ("C-IN", "2023-03", sums["NMI1234567", "B1"], 31 * 288),
        ("C-OUT", "2023-03", sums["NMI1234567", "E1"], 31 * 288),
    ]


def test_a_channel_in_another_unit_is_quarantined_and_the_spelling_of_the_unit_does_not_matter(read):
    other = SMALL.replace("M1,kWh", "M1,WH")
    assert {row["defect"] for row in read(SMALL.replace("M1,kWh", "M1,KWH"))} == {None}
    assert {row["defect"] for row in read(other)} == {"other_unit"}


def test_a_source_of_this_format_that_leaves_the_market_s_clock_out_is_refused():
    with pytest.raises(ValueError, match=r"time\.zone is Australia/Brisbane"):
        Source.model_validate({"source": "power", "files": "*", "format": {"kind": "nem12"}, "columns": COLUMNS})
