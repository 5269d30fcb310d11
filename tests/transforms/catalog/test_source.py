from decimal import Decimal

import pytest
from pydantic import ValidationError

from transforms.catalog.source import Csv, Duplicates, Parquet, Source
from transforms.catalog.time_rules import Fold, Gap, Marks


def source(**fields):
    plain = {"source": "server_cpu", "files": "server_cpu/*.csv", "columns": {"at": "t", "value": "v", "account": "a"}}
    return Source.model_validate(plain | fields)


def test_what_a_source_does_not_say_is_the_cautious_choice():
    plain = source()
    assert plain.duplicates is Duplicates.REJECT
    assert (plain.time.zone, plain.time.fold, plain.time.gap) == ("UTC", Fold.REJECT, Gap.REJECT)
    assert plain.time.marks is Marks.START
    assert plain.quarantine_limit == Decimal("0.05")
    assert (plain.format, plain.value.decimals) == (Csv(), 18)


def test_a_source_knows_its_columns_by_our_names():
    columns = {"at": "Tag", "at_time": "Zeit", "value": "Wert", "account": "Konto", "event_id": "Id"}
    assert source(columns=columns).columns.named() == columns


APART = {"columns": {"at": "day", "at_time": "time", "account": "a"}}
WIDE = {"wide": "ordinal", "columns": {"at": "d", "value": "HH{1..48}", "account": "a"}, "interval_seconds": "1800"}
MATRIX = {"wide": "account", "columns": {"at": "d", "value": "{North,South}"}}
REVISED = {"columns": {"at": "d", "value": "v", "account": "a", "revision": "r"}}
NUMBERED = {"columns": {"at": "d", "at_interval": "n", "value": "v", "account": "a"}, "interval_seconds": "3600"}
NEM12 = {
    "format": {"kind": "nem12"},
    "columns": {"at": "start", "value": "value", "account": "nmi"},
    "time": {"zone": "Australia/Brisbane"},
    "interval_seconds": "300",
}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"files": "{customer}/*.csv"}, r"files: {customer} is unknown; a path can hold {account} and {subscription}"),
        ({"files": "{}/*.csv"}, r"files: {} is unknown"),
        ({"columns": {"at": "t", "value": "v"}}, "say where the account stands, once"),
        ({"files": "{account}/*.csv"}, "say where the account stands, once"),
        ({"value": {"decimal_mark": ",", "thousands_mark": ","}}, "decimal_mark and thousands_mark must differ"),
        ({"value": {"decimal_mark": ";"}}, "Input should be '.' or ','"),
        ({"value": {"decimals": "31"}}, "less than or equal to 30"),
        ({"value": {"format": "duration", "thousands_mark": "'"}}, "thousands_mark has no meaning for a duration"),
        ({"time": {"format": "%d.%m.%Y %Z"}}, "a pattern cannot read the name of a zone; .* as %z"),
        ({"format": {"names": ["t", "v", "a", "v"]}}, "names: 'v' stands there twice"),
        ({"format": {"names": []}}, "at least 1 item"),
        ({"format": {"names": ["time", "kWh"]}}, "columns: format.names has time, kWh, and no 't'"),
        (WIDE | {"format": {"names": ["d", "a", "HH1"]}}, "columns: format.names has d, a, HH1, and no 'HH2'"),
        ({"format": {"names": ["t", "v", "a"]}, "leave_out": {"kind": ["Tax"]}}, "names has t, v, a, and no 'kind'"),
        ({"leave_out": {"kind": []}}, "at least 1 item"),
        ({"time": {"format": "dd.mm.yyyy"}}, "'dd.mm.yyyy' is none of iso, epoch_seconds, epoch_milliseconds"),
        ({"time": {"zone": "Europe/Berlim"}}, "'Europe/Berlim' is not a time zone; write an IANA name such as"),
        ({"time": {"zone": "../etc/passwd"}}, "is not a time zone"),
        ({"time": {"fold": "both"}}, "'first', 'second', 'in_order' or 'reject'"),
        ({"time": {"gap": "drop"}}, "'shift' or 'reject'"),
        ({"time": {"marks": "middle"}}, "'start' or 'end'"),
        ({"time": {"marks": "end"}}, "time.marks end: say how long the intervals are .* [(]interval_seconds[)]"),
        (APART | {"time": {"format": "epoch_seconds"}}, "columns.at_time: date and time are read as one text"),
        (APART | {"time": {"format": "%d.%m.%Y%H:%M"}}, "columns.at_time: date and time are read as one text"),
        (NEM12 | {"columns": {**NEM12["columns"], "at_time": "start"}}, "columns.at_time: NEM12 has date and time in"),
        (NEM12 | {"columns": {**NEM12["columns"], "at_interval": "interval"}}, "columns.at_interval: NEM12 has date"),
        (NEM12 | {"time": {**NEM12["time"], "marks": "end"}}, "time.marks: the stamps of NEM12 mark the start"),
        (WIDE | {"interval_seconds": None}, "wide: say how long the interval of a column is"),
        (WIDE | {"columns": {"at": "d", "account": "a"}}, "columns.value: '' is no range of a wide source"),
        (
            WIDE | {"columns": {**WIDE["columns"], "at_time": "t"}},
            "wide: leave columns.at_time and columns.event_id out",
        ),
        (
            WIDE | {"columns": {**WIDE["columns"], "event_id": "i"}},
            "wide: leave columns.at_time and columns.event_id out",
        ),
        (WIDE | {"time": {"marks": "end"}}, "wide: ordinal counts intervals from the start of the day"),
        (WIDE | {"time": {"fold": "first"}}, "wide: ordinal counts intervals from the start of the day"),
        (WIDE | {"time": {"gap": "shift"}}, "wide: ordinal counts intervals from the start of the day"),
        (WIDE | {"wide": "time", "time": {"format": "%d/%m/%Y"}}, "wide: time: date and time are read as one text"),
        (WIDE | {"interval_seconds": "900"}, "wide: 48 intervals of 900 seconds do not fill a day"),
        (WIDE | {"wide": "clock"}, "'time', 'ordinal' or 'account'"),
        (MATRIX | {"files": "{account}/*"}, "wide: account: columns say whose they are"),
        (MATRIX | {"columns": {**MATRIX["columns"], "account": "a"}}, "wide: account: columns say whose they are"),
        (MATRIX | {"columns": {**MATRIX["columns"], "event_id": "i"}}, "wide: account: leave columns.event_id out"),
        (MATRIX | {"columns": {"at": "d", "value": "kWh"}}, "'kWh' names no columns of accounts"),
        (REVISED | {"revisions": "actual"}, "'actual' is no pattern such as"),
        (REVISED | {"revisions": "%Q"}, "%Q is no part of a pattern"),
        (REVISED | {"revisions": ["a", "a"]}, "a word stands there twice"),
        (NUMBERED | {"interval_seconds": None}, "columns.at_interval: say how long the intervals are"),
        (NUMBERED | {"time": {"marks": "end"}}, "columns.at_interval: counts intervals from the start of the day"),
        (NUMBERED | {"columns": {**NUMBERED["columns"], "at_time": "t"}}, "leave at_time and wide out"),
        (NUMBERED | MATRIX | {"columns": {**MATRIX["columns"], "at_interval": "n"}}, "leave at_time and wide out"),
        (WIDE | {"columns": {**WIDE["columns"], "at_interval": "n"}}, "leave at_time and wide out"),
        (NEM12 | {"wide": "ordinal"}, "NEM12 is spread without this key"),
        ({"duplicates": "first"}, "'keep', 'exact' or 'reject'"),
        ({"quarantine_limit": "1.01"}, "less than or equal to 1"),
        ({"quarantine_limit": 0.1}, "a float has lost the digits"),
        ({"source": "Server CPU"}, "letter, then"),
        ({"format": {"kind": "xlsx"}}, "'xlsx' found using 'kind' does not match"),
        ({"format": {"kind": "csv", "delimiter": ";;"}}, "at most 1 character"),
        ({"format": {"kind": "parquet", "delimiter": ";"}}, "Extra inputs are not permitted"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused_and_the_message_says_why(fields, message):
    with pytest.raises(ValidationError, match=message):
        source(**fields)


@pytest.mark.parametrize("pattern", ["iso", "%d.%m.%Y %H:%M"])
@pytest.mark.parametrize("kind", ["csv", "excel", "json", "json_lines", "parquet"])
def test_date_and_time_apart_are_taken_where_one_text_of_both_can_be_read(kind, pattern):
    found = source(**APART, format={"kind": kind}, time={"format": pattern})
    assert found.columns.named() == APART["columns"]


def test_an_account_that_stands_in_the_path_twice_is_refused_when_the_source_is_read():
    with pytest.raises(ValidationError, match="account"):
        source(files="{account}/{account}.csv", columns={"at": "t", "value": "v"})


def test_a_subscription_that_stands_in_the_path_and_in_a_column_is_refused():
    columns = {"at": "t", "value": "v", "account": "a", "subscription": "s"}
    with pytest.raises(ValidationError, match="subscription"):
        source(files="{subscription}.csv", columns=columns)


@pytest.mark.parametrize("pattern", ["%Y-%m-%d %Q", "%s", "%d.%m.%Y %"])
def test_a_time_pattern_that_the_engine_cannot_read_is_refused_when_the_source_is_read(pattern):
    with pytest.raises(ValidationError, match="format"):
        source(time={"format": pattern})


def test_a_file_is_delimited_text_unless_it_is_said_to_be_parquet():
    assert isinstance(source(format={"kind": "parquet"}).format, Parquet)
    assert source(format={"kind": "csv", "delimiter": ";"}).format == Csv(delimiter=";")


def in_path(files, path):
    """What a path says of account and subscription; None where the pattern does not fit."""
    columns = {"at": "t", "value": "v"} | ({} if "{account}" in files else {"account": "a"})
    match = source(files=files, columns=columns).pattern()[1].fullmatch(path)
    return match and match.groupdict()


@pytest.mark.parametrize(
    ("files", "path", "said"),
    [
        ("{account}/*.csv", "A-1/january.csv", {"account": "A-1"}),
        ("{account}/*.csv", "A-1/.csv", {"account": "A-1"}),
        ("cpu/{account}/{subscription}-*.csv.gz", "cpu/A-1/S-2-x.csv.gz", {"account": "A-1", "subscription": "S-2"}),
        ("**/{account}.csv", "A-1.csv", {"account": "A-1"}),
        ("**/{account}.csv", "2014/02/A-1.csv", {"account": "A-1"}),
        ("cpu/**/*.csv", "cpu/2014/02/x.csv", {}),
        ("cpu.(1)+/*.csv", "cpu.(1)+/x.csv", {}),
    ],
)
def test_the_path_of_a_file_names_its_account(files, path, said):
    assert in_path(files, path) == said


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ("{account}/*.csv", "2014/A-1/january.csv"),
        ("{account}/*.csv", "january.csv"),
        ("{account}/*.csv", "A-1/january.csv.gz"),
        ("{account}/*.csv", "A-1/januaryXcsv"),
        ("cpu/*.csv", "cpu/old/x.csv"),
        ("cpu/*.csv", "xcpu/x.csv"),
    ],
)
def test_a_path_that_does_not_fit_the_pattern_is_no_file_of_the_source(files, path):
    assert in_path(files, path) is None


def test_what_the_pattern_finds_below_the_inbox_is_a_glob_without_placeholders(tmp_path):
    files, expression = source(files="**/{account}/{subscription}.csv", columns={"at": "t", "value": "v"}).pattern()
    (tmp_path / "x" / "A-1").mkdir(parents=True)
    (tmp_path / "x" / "A-1" / "S-1.csv").touch()
    found = [path.relative_to(tmp_path).as_posix() for path in tmp_path.glob(files)]
    assert files == "**/*/*.csv"
    assert [expression.fullmatch(path).groupdict() for path in found] == [{"account": "A-1", "subscription": "S-1"}]
