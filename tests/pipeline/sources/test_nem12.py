"""NEM12: what the real files of the Australian market say, interval by interval."""

from collections import defaultdict
from decimal import Decimal

import pytest
from nem12_files import COLUMNS, SMALL, example, plain_sums, rows_of


def _sums(rows):
    found = defaultdict(Decimal)
    for row in rows:
        found[row["account"], row["subscription"]] += Decimal(row["value"])
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
    rows = rows_of(example(name))
    assert len(rows) == intervals
    assert len({row["row"] for row in rows}) == intervals
    assert _sums(rows) == {channel: Decimal(text) for channel, text in sums.items()} == plain_sums(example(name))


def test_a_row_says_when_its_interval_starts_and_its_number_where_it_stands():
    rows = rows_of(example("actual_interval"))
    assert rows[0] == {
        "row": 3001, "defect": None, "at": "2004-02-01T00:00", "value": "1.111",
        "account": "VABD000163", "subscription": "E1",
    }  # fmt: skip
    assert [(row["row"], row["at"]) for row in rows[46:49]] == [
        (3047, "2004-02-01T23:00"), (3048, "2004-02-01T23:30"), (5001, "2004-02-01T00:00"),
    ]  # fmt: skip


def test_five_minutes_and_a_quarter_of_an_hour_are_intervals_too():
    assert [row["at"] for row in rows_of(example("month_solar"))[:3]] == [
        "2023-03-01T00:00", "2023-03-01T00:05", "2023-03-01T00:10",
    ]  # fmt: skip
    assert [row["at"][11:] for row in rows_of(example("multiple_meters"))[94:97]] == ["23:30", "23:45", "00:00"]


MINUTES = ",".join(map(str, range(1440)))
OF_MINUTES = SMALL.replace("200,", "200,V1,V1,1,V1,V1,M2,kWh,1,\n300,20040201," + MINUTES + ",A,,,\n200,", 1)


def test_minutes_are_intervals_too_and_the_rows_of_a_file_that_has_them_stand_ten_times_as_far_apart(read_nem12):
    rows = read_nem12(OF_MINUTES.replace("200,V1,V1", " 200,V1,V1").replace("kWh,1,", "kWh, 1 ,"))
    assert [(row["row"], row["at"], row["value"]) for row in (rows[0], rows[1], rows[1439], rows[1440])] == [
        (30_001, "2004-02-01T00:00", "0"), (30_002, "2004-02-01T00:01", "1"), (31_440, "2004-02-01T23:59", "1439"),
        (50_001, "2004-02-01T00:00", "1.5"),
    ]  # fmt: skip
    assert len({row["row"] for row in rows}) == len(rows) == 1440 + 48


def test_a_value_is_the_text_that_was_written():
    values = [row["value"] for row in rows_of(example("multiple_quality"))]
    assert values[:3] == ["18.023", "19.150", "17.592"]
    assert ".005" in [row["value"] for row in rows_of(example("month_solar"))]


def test_the_channel_may_be_left_aside():
    rows = rows_of(example("multiple_quality"), {"at": "start", "value": "value", "account": "nmi"})
    assert rows[0] == {
        "row": 3001,
        "defect": None,
        "at": "2004-04-17T00:00",
        "value": "18.023",
        "account": "CCCC123456",
    }


QUALITY = COLUMNS | {"revision": "revision", "attributes": {"quality": "quality"}}


def test_the_quality_of_an_interval_is_its_own_where_that_of_the_day_varies():
    rows = rows_of(example("multiple_quality"), QUALITY)
    told = [(row["attribute_quality"], row["revision"]) for row in rows]
    assert told == (
        [("F", "200404182035003")] * 20 + [("A", "200404182035004")] * 4 + [("S", "200404182035002")] * 24
    )  # the day was updated at 20:35:00 on the 18th


def _revised(read_nem12, quality, updated, more=""):
    text = SMALL.replace(",A,,,20040202,", f",{quality},,,{updated},").replace("900", more + "900")
    return [int(row["revision"]) for row in read_nem12(text, QUALITY)]


def test_a_revision_grows_from_estimate_to_actual_and_with_every_update_of_the_day(read_nem12):
    steps = [("N", ""), ("E52", ""), ("S14", ""), ("F", ""), ("A", ""), ("E52", "20040202"), ("A", "20040202120025")]
    steps += [("E52", "20040202120026"), ("S14", "20040202120026")]
    found = [_revised(read_nem12, quality, updated)[0] for quality, updated in steps]
    assert found == sorted(set(found))
    assert found[:6] == [0, 1, 2, 3, 4, 200402020000001]


def test_a_record_of_quality_counts_for_its_intervals_alone_and_the_last_one_holds(read_nem12):
    found = _revised(read_nem12, "A", "", "400,3,4,S14,,\n500,O,S01,20040201,1.5\n400,4,4,F14,,\n")
    assert found == [4, 4, 2, 3] + [4] * 44


def test_an_interval_without_a_measurement_has_no_value_whatever_stands_there(read_nem12):
    rows = read_nem12(SMALL.replace("900", "400,2,3,N,,\n900"), QUALITY)
    assert [row["value"] for row in rows] == ["1.5", "", ""] + ["1.5"] * 45
    assert {row["value"] for row in read_nem12(SMALL.replace(",A,,,", ",N,,,"))} == {""}


def test_records_of_readings_by_hand_and_unread_qualities_change_no_value(read_nem12):
    more = "400,1,20,F14,76,\n400,21,48,A,,\n500,O,S01,20040201,1.5\n900"
    assert read_nem12(SMALL.replace("900", more)) == read_nem12(SMALL)


def test_a_channel_in_another_unit_is_quarantined_and_the_spelling_of_the_unit_does_not_matter(read_nem12):
    other = SMALL.replace("M1,kWh", "M1,WH")
    assert {row["defect"] for row in read_nem12(SMALL.replace("M1,kWh", "M1,KWH"))} == {None}
    assert {row["defect"] for row in read_nem12(other)} == {"other_unit"}
