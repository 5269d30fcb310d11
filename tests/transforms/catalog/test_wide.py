"""The columns of a day: a range of names, counted by one or, where they are times, by the interval."""

import pytest

from transforms.catalog.wide import accounts_of, columns_of, numbers_of_a_line


@pytest.mark.parametrize(
    ("value", "seconds", "count", "first", "last"),
    [
        ("HH{1..48}", 1800, 48, ("HH1", "1"), ("HH48", "48")),
        ("HE{01..25}", 3600, 25, ("HE01", "01"), ("HE25", "25")),
        ("kWh {8..11} net", 900, 4, ("kWh 8 net", "8"), ("kWh 11 net", "11")),
        ("values.{0..47}", 1800, 48, ("values.0", "0"), ("values.47", "47")),
        ("{00:00..23:30}", 1800, 48, ("00:00", "00:00"), ("23:30", "23:30")),
        ("{00:30..24:00}", 1800, 48, ("00:30", "00:30"), ("24:00", "24:00")),
        ("{0:00..23:45}", 900, 96, ("0:00", "0:00"), ("23:45", "23:45")),
        ("T{0000..2355}", 300, 288, ("T0000", "0000"), ("T2355", "2355")),
        ("{00:00:00..23:59:30}", 30, 2880, ("00:00:00", "00:00:00"), ("23:59:30", "23:59:30")),
        ("{1..1440}", 60, 1440, ("1", "1"), ("1440", "1440")),
    ],
)
def test_a_range_names_every_column_of_a_day_with_what_stands_in_the_braces(value, seconds, count, first, last):
    found = list(columns_of(value, seconds).items())
    assert (len(found), found[0], found[-1]) == (count, first, last)


def test_times_go_from_interval_to_interval():
    assert list(columns_of("{9:45..10:15}", 900)) == ["9:45", "10:00", "10:15"]
    assert list(columns_of("{0945..1015}", 900)) == ["0945", "1000", "1015"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("kWh", 1800),
        ("HH{1-48}", 1800),
        ("HH{a..c}", 1800),
        ("HH{48..1}", 1800),
        ("HH{01..9}", 1800),
        ("{00:00..23:45}", 1800),
        ("{00:00..2330}", 1800),
        ("{0..23:30}", 1800),
        ("{00:00:00:00..23:00:00:00}", 1800),
        ("{00:00..23:59}", 30),
        ("HH{1..10000}", 1),
        ("HH{1..99999999999999}", 1),
    ],
    ids=str,
)
def test_what_is_no_range_or_does_not_come_to_its_last_column_is_refused(value, seconds):
    with pytest.raises(ValueError, match="is no range of a wide source; write HH"):
        columns_of(value, seconds)


@pytest.mark.parametrize(("places", "numbers"), [(48, 1000), (999, 1000), (1000, 10_000), (9999, 10_000)])
def test_no_two_intervals_of_neighbouring_lines_have_one_number(places, numbers):
    assert numbers_of_a_line(places) == numbers
    assert 3 * numbers_of_a_line(places) + places < 4 * numbers_of_a_line(places)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{Zähler A,Zähler B}", {"Zähler A": "Zähler A", "Zähler B": "Zähler B"}),
        ("load_{north,south} kW", {"load_north kW": "north", "load_south kW": "south"}),
        ("MT_{009..011}", {"MT_009": "009", "MT_010": "010", "MT_011": "011"}),
        ("{0999..1001}", {"0999": "0999", "1000": "1000", "1001": "1001"}),  # no times of a day
    ],
)
def test_columns_of_accounts_are_listed_or_counted(value, expected):
    assert accounts_of(value) == expected


@pytest.mark.parametrize("value", ["", "kWh", "{North}", "{North,North}", "{A,}", "{3..1}", "{00:00..23:30}"])
def test_what_names_no_columns_of_accounts_is_refused(value):
    with pytest.raises(ValueError, match="names no columns of accounts"):
        accounts_of(value)
