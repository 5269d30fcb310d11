"""NEM12: every way in which a file can be damaged, and what a source cannot ask of the format."""

import pytest
from nem12_files import COLUMNS, HALF_HOURS, SMALL, example, rows_of

from pipeline.sources.files import UnreadableFileError
from transforms.catalog.source import Source


@pytest.mark.parametrize("columns", [{"at": "end"}, {"revision": "updated"}, {"attributes": {"meter": "serial"}}])
def test_a_source_that_names_a_column_which_the_format_does_not_have_is_refused(columns):
    with pytest.raises(
        ValueError, match="NEM12 has nmi, suffix, start, value, interval, revision, quality, unit, and no '"
    ):
        rows_of(example("multiple_quality"), COLUMNS | columns)


def test_a_source_of_this_format_that_leaves_the_market_s_clock_out_is_refused():
    with pytest.raises(ValueError, match=r"time\.zone is Australia/Brisbane"):
        Source.model_validate({"source": "power", "files": "*", "format": {"kind": "nem12"}, "columns": COLUMNS})


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("100,NEM12", "100,NEM13", r"wrong_version: line 1: 'NEM13' is not NEM12; .*sources\.md reads them as CSV$"),
        ("100,NEM12", "100", r"wrong_version: line 1: '200405011135' is not NEM12"),
        ("200,N1,E1,1,E1,N1,M1,kWh,30,\n", "", r"wrong_record: line 2: '300' cannot follow upon 100"),
        ("kWh,30", "kWh,7", r"wrong_channel: line 2: intervals last 1, 5, 10, 15, 30, 60 minutes, not '7'"),
        (",kWh,30,", "", r"wrong_channel: line 2: intervals last 1, 5, 10, 15, 30, 60 minutes, not ''"),
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
def test_a_file_that_is_not_whole_is_refused_with_the_line(read_nem12, old, new, reason):
    assert len(read_nem12(SMALL)) == 48
    assert old in SMALL
    with pytest.raises(UnreadableFileError, match=reason):
        read_nem12(SMALL.replace(old, new, 1).encode("latin-1"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("200,N1,E1,1,E1,N1,M1,kWh,30,\n900\n", "'200', where 100,NEM12 must stand; format.framed: false takes it"),
        ("<html>\n", "'<html>', where 100,NEM12 must stand"),
    ],
)
def test_only_what_begins_with_a_channel_is_advised_that_it_may_lack_the_first_record(read_nem12, text, reason):
    with pytest.raises(UnreadableFileError) as refused:
        read_nem12(text)
    assert str(refused.value) == f"missing_header: line 1: the first record is {reason}"


def test_a_real_file_cut_at_any_byte_gives_nothing(read_nem12):
    text = example("actual_interval").read_bytes()
    assert text.endswith(b"900\r\n")
    for size in range(len(text) - 2):
        with pytest.raises(UnreadableFileError):
            read_nem12(text[:size])
    assert len(read_nem12(text[:-2])) == 96
