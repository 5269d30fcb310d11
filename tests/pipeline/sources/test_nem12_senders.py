"""NEM12 as senders write it: other intervals, several units in one file, and no first or last record."""

from collections import Counter
from decimal import Decimal

import pytest
from nem12_files import HALF_HOURS, SMALL, SOURCE, example, rows_of

from pipeline.sources.files import UnreadableFileError

TEN_MINUTES = ",".join(["230.5"] * 144)
VOLTS = f"200,N1,E1V1,,V1,,,,10,\n300,20040201,{TEN_MINUTES},A,,,,\n"
REACTIVE = f"200,N1,E1Q1,,Q1,,,kVArh,30,\n300,20040201,{HALF_HOURS},A,,,,\n"
MIXED = SMALL.replace("900\n", REACTIVE + "900\n")
BY_UNIT = """
meter: energy
owner: billing@example.com
source: power
derive: {function: sum, filter: {attributes: {unit: [kWh, KWH]}}}
map: {charge: energy, unit: kwh}
"""


def every_unit(text):
    return text.replace("kind: nem12", "kind: nem12, unit: any").replace(
        "event_id: interval", "event_id: interval, attributes: {unit: unit}"
    )


@pytest.mark.parametrize(("minutes", "last"), [("10", "23:50"), ("60", "23:00")])
def test_a_channel_has_intervals_of_its_own_length(read_nem12, minutes, last):
    count = 24 * 60 // int(minutes)
    text = SMALL.replace("kWh,30", f"kWh,{minutes}").replace(HALF_HOURS, ",".join(["1.5"] * count))
    rows = read_nem12(text)
    assert (len(rows), rows[-1]["at"]) == (count, f"2004-02-01T{last}")


def test_a_channel_of_volts_every_ten_minutes_keeps_no_kilowatt_hour_from_landing(business):
    business.declare("sources/power.yaml", SOURCE)
    business.deliver("power/february.csv", SMALL.replace("900\n", VOLTS + "900\n"))
    found = business.extract()
    assert (found.landed, found.readings, found.rows_quarantined) == (1, 48, 144)
    assert Counter(business.rows("quarantined_rows", "reason")) == {"other_unit": 144}


def test_a_meter_takes_the_channels_of_its_unit_from_a_source_of_every_unit(business):
    business.declare("sources/power.yaml", every_unit(SOURCE.replace("subscription: suffix, ", "")))
    business.declare("meters/energy.yaml", BY_UNIT)
    business.customer("N1", time_zone="Australia/Brisbane")
    business.deliver("power/february.csv", MIXED.replace("20040201", "20250201"))
    assert business.extract().rows_quarantined == 0
    business.run(period="2025-02")
    assert business.quantities() == [("C-N1", "2025-02", Decimal("72.0"), 48)]  # 48 x 1.5 kWh, and 48 of kVArh
    assert business.ledger()[1] == {("pending", ""): 48, ("out_of_scope", "filtered"): 48}


def test_a_source_of_every_unit_that_cannot_tell_them_apart_is_refused():
    with pytest.raises(ValueError, match=r"format\.unit any mixes units; name the column unit in columns\.attributes"):
        rows_of(example("actual_interval"), unit="any")


@pytest.mark.parametrize("left_out", ["100,NEM12,200405011135,MDA1,Ret1\n", "900\n"])
def test_a_file_without_its_first_or_last_record_lands_where_the_source_says_that_its_sender_writes_none(
    read_nem12, left_out
):
    text = "\n" + SMALL.replace(left_out, "")
    with pytest.raises(UnreadableFileError, match=r"format\.framed: false"):
        read_nem12(text)
    assert [row["value"] for row in read_nem12(text, framed=False)] == ["1.5"] * 48
    assert len(read_nem12(SMALL, framed=False)) == 48


def test_several_exports_in_a_row_are_one_file_where_the_source_says_that_its_sender_writes_such(read_nem12):
    text = SMALL + "\n" + SMALL.replace("100,NEM12,200405011135,MDA1,Ret1\n", "").replace("20040201", "20040202")
    with pytest.raises(UnreadableFileError, match="wrong_record: line 6: '200' cannot follow upon 900"):
        read_nem12(text)
    days = Counter(row["at"][:10] for row in read_nem12(text, framed=False))
    assert days == {"2004-02-01": 48, "2004-02-02": 48}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SMALL.replace("NEM12", "NEM13", 1), "wrong_version: line 1: 'NEM13' is not NEM12"),
        ("250,N1,E1,1,E1,N1,M1\n900\n", "wrong_record: line 1: '250' cannot follow upon the start"),
        (SMALL[: SMALL.index(",A,,,")], "wrong_interval_count: line 3: no quality follows upon 48 intervals"),
        (SMALL.replace(",A,,,", ",V,,,").replace("900\n", ""), "wrong_quality: line 3: the quality varies"),
    ],
)
def test_a_file_that_may_lack_them_is_still_refused_for_what_stands_in_it(read_nem12, text, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        read_nem12(text, framed=False)
