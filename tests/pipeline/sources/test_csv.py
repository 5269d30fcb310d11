"""CSV as it comes from spreadsheets, old machines and other countries."""

import encodings
import pkgutil

import pytest

from pipeline.sources.files import RawFile, UnreadableFileError, open_rows
from transforms.catalog.formats import PLAIN_TEXT
from transforms.catalog.source import Source

BYTES_TO_BYTES = {"base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec"}
OF_NAMES = {"idna", "punycode", "undefined"}
OF_WINDOWS = {"mbcs", "oem"}
CODECS = {module.name for module in pkgutil.iter_modules(encodings.__path__)} - {"aliases"}


@pytest.fixture
def read(tmp_path):
    def read(content, **form):
        path = tmp_path / "arrived"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with open_rows(RawFile(path, "arrived"), _source(**form)) as rows:
            found = rows.arrow().read_all().sort_by("row").to_pylist()
        return [(row["row"], row["defect"], row["at"], row["value"]) for row in found]

    return read


def _source(**form):
    columns = {"at": "at", "value": "value"}
    return Source.model_validate(
        {"source": "power", "files": "{account}/*", "columns": columns, "format": {"kind": "csv"} | form}
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_way_also_around_a_quoted_break_skipped_lines_and_blank_ones(read, end):
    lines = ["made by, a, meter", "", "at,value", '"1', '2",3', "", "4,5", "6", "7,8"]
    assert read(end.join(lines), skip_lines=2) == [
        (1, None, f"1{end}2", "3"), (2, None, "4", "5"), (3, "ragged_row", "", "6"), (4, None, "7", "8"),
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_bear_their_numbers_across_the_blocks_in_which_a_file_is_read(read, end):
    lines = [f"stamp {number},{number}" for number in range(1, 200_001)]
    lines[99_999] = lines[199_999] = "cut"
    found = read(end.join(["at,value", *lines]))
    assert [row for row, *_ in found] == list(range(1, 200_001))
    assert all(value == ("cut" if defect else str(row)) for row, defect, _, value in found)
    assert [row for row, defect, *_ in found if defect] == [100_000, 200_000]


@pytest.mark.parametrize("skip", [0, 1])
def test_a_byte_order_mark_is_no_part_of_the_first_name(read, skip):
    assert read(b"\xef\xbb\xbf" + b"about\n" * skip + b"at,value\n1,2\n", skip_lines=skip) == [(1, None, "1", "2")]


def test_semicolons_and_decimal_commas_stay_apart(read):
    assert read("at;value\n1;0,5\n", delimiter=";") == [(1, None, "1", "0,5")]


CALLS = "10:00,A-1,60\n10:05,A-2,90\n"


def test_a_file_without_a_header_has_the_columns_that_its_source_names(read):
    assert read(CALLS, names=["at", "who", "value"]) == [(1, None, "10:00", "60"), (2, None, "10:05", "90")]


def test_rows_of_a_file_without_a_header_bear_their_numbers_past_skipped_lines_and_cut_ones(read):
    content = "#Version: 1.0\n#Fields: at who value\n10:00,A-1,60\ncut\n10:05,A-2,90\n"
    assert read(content, names=["at", "who", "value"], skip_lines=2) == [
        (1, None, "10:00", "60"), (2, "ragged_row", "", "cut"), (3, None, "10:05", "90"),
    ]  # fmt: skip


def test_a_file_of_more_columns_than_are_named_is_set_aside_row_by_row_and_never_read_by_half(read):
    assert [row[1] for row in read(CALLS, names=["at", "value"])] == ["ragged_row", "ragged_row"]


def test_where_nothing_is_quoted_a_quote_at_the_start_of_a_text_is_a_character(read):
    content = 'at|what|value\n10:00|"night run|60\n10:05|"a" b|90\n'
    assert read(content, delimiter="|", quote="") == [(1, None, "10:00", "60"), (2, None, "10:05", "90")]


def test_a_sign_before_a_quote_makes_a_character_of_it_where_the_source_says_which(read):
    content = 'at,value\n"say \\"x, y\\"",1\na\\,b,2\n'
    assert read(content, escape="\\") == [(1, None, 'say "x, y"', "1"), (2, None, "a,b", "2")]


def test_without_one_a_backslash_is_a_character(read):
    assert read('at,value\nC:\\,1\n"D:\\",2\n') == [(1, None, "C:\\", "1"), (2, None, "D:\\", "2")]


def test_tabs_may_stand_between_texts_with_commas(read):
    assert read("at\tvalue\n1, 2\t3\n", delimiter="\t") == [(1, None, "1, 2", "3")]


def test_a_quote_inside_a_text_is_a_character_and_two_of_them_in_quotes_are_one(read):
    assert read('at,value\n5" pipe,1\n"5"" pipe",2\n') == [(1, None, '5" pipe', "1"), (2, None, '5" pipe', "2")]


def test_skipped_lines_may_have_any_number_of_fields_and_an_open_quote(read):
    assert read('a,b,c,d\n"\nat,value\n1,2\n', skip_lines=2) == [(1, None, "1", "2")]


def test_a_delimiter_at_the_end_of_every_line_is_a_column_without_a_name(read):
    assert read("at,value,\n1,2,\n") == [(1, None, "1", "2")]


def test_a_delimiter_at_the_end_of_every_row_that_the_header_does_not_have_makes_the_rows_ragged(read):
    assert read("at,value\n1,2,\n3,4\n") == [(1, "ragged_row", "", "1,2,"), (2, None, "3", "4")]


def test_a_column_that_nobody_asked_for_may_stand_there_twice_and_change_its_type(read):
    rows = "1,2,3,4\n" * 300_000  # more than one block
    found = read(f"at,value,note,note\n{rows}5,6,high,low\n")
    assert (len(found), found[-1]) == (300_001, (300_001, None, "5", "6"))


def test_a_file_of_a_header_alone_has_no_row(read):
    assert [read(text) for text in ("at,value", "at,value\n", "at,value\r", "at,value\r\n\r\n")] == [[], [], [], []]


@pytest.mark.parametrize(
    ("content", "form", "reason"),
    [
        ("", {}, "empty_file: it holds no byte"),
        ("\n\n", {}, "empty_file: it holds no header"),
        ("about\n", {"skip_lines": 1}, "empty_file: it holds no header"),
        ("about\n", {"skip_lines": 9}, r"empty_file: it has fewer lines than the source's format\.skip_lines"),
        ("at,at,value\n1,2,3\n", {}, "repeated_column: 'at' stands in the header more than once"),
        ("at;value\n1;2\n", {}, "missing_column: no 'at', 'value'; the file has 'at;value'"),
        ('at,value,note\n1,2,"half\n3,4,x\n', {}, "open_quote: a quote is opened and never closed"),
        ('at,value,"note\n1,2,x\n', {}, "open_quote: a quote in the header is opened and never closed"),
        ('at,value\n"' + "1,2\n" * 600_000, {}, r"open_quote|long_row"),
        ('at,value\n"' + "1,2\n" * 600_000 + '",3\n', {}, "long_row: a row has more than 1 MiB"),
        ("at,value\n1,Zähler\n".encode("latin-1"), {}, "wrong_encoding: 'utf-8' codec can't decode byte 0xe4"),
        ("at,value\n1,Zähler,3\n".encode("latin-1"), {}, "wrong_encoding: 'utf-8' codec can't decode byte 0xe4"),
        (b"at,value\n1,\x81\n", {"encoding": "cp1252"}, "wrong_encoding: 'charmap' codec can't decode byte 0x81"),
        ("at,value\n".encode("utf-16")[:-1], {"encoding": "utf-16"}, "wrong_encoding: 'utf-16"),
    ],
)
def test_what_cannot_be_read_to_its_end_is_refused_whole_with_a_reason(read, content, form, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        read(content, **form)


def test_a_column_that_was_renamed_is_shown_beside_the_missing_one(read):
    with pytest.raises(UnreadableFileError, match=r"no 'value'; the file has 'at', 'Values', 'unit'; 'Values' may be"):
        read("at,Values,unit\n1,2,kWh\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8", "latin-1", "cp1252", "cp037"])
def test_a_declared_encoding_is_read_to_the_letter(read, encoding):
    assert read("at,value\n1,Zähler\n".encode(encoding), encoding=encoding) == [(1, None, "1", "Zähler")]


@pytest.mark.parametrize("encoding", sorted(CODECS - BYTES_TO_BYTES - OF_NAMES - OF_WINDOWS))
def test_every_encoding_of_text_works(read, encoding):
    content = f'at,value\n"{PLAIN_TEXT.replace(chr(34), "")}",1\n'
    assert read(content.encode(encoding), encoding=encoding) == [(1, None, PLAIN_TEXT.replace('"', ""), "1")]


@pytest.mark.parametrize("encoding", [*sorted(BYTES_TO_BYTES | OF_NAMES | OF_WINDOWS), "utf-9", "", "utf\0"])
def test_what_is_no_encoding_of_text_is_refused_by_the_catalog(encoding):
    with pytest.raises(ValueError, match="is no encoding of text"):
        _source(encoding=encoding)


def test_without_a_value_a_row_that_cannot_be_split_is_kept_in_place_of_the_stamp(tmp_path):
    path = tmp_path / "arrived"
    path.write_text("at,who\n1,A-1\n2\n")
    source = Source.model_validate({"source": "calls", "files": "*", "columns": {"at": "at", "account": "who"}})
    with open_rows(RawFile(path, "arrived"), source) as rows:
        assert rows.arrow().read_all().to_pylist() == [
            {"row": 1, "defect": None, "at": "1", "account": "A-1"},
            {"row": 2, "defect": "ragged_row", "at": "2", "account": ""},
        ]


def test_attributes_and_the_revision_are_columns_under_our_names(tmp_path):
    path = tmp_path / "arrived"
    path.write_text("at,value,who,area,state\n1,2,A-1,north,final\n")
    columns = {"at": "at", "value": "value", "account": "who", "revision": "state", "attributes": {"region": "area"}}
    source = Source.model_validate({"source": "power", "files": "*", "columns": columns})
    with open_rows(RawFile(path, "arrived"), source) as rows:
        assert rows.arrow().read_all().to_pylist() == [
            {"row": 1, "defect": None, "at": "1", "value": "2", "account": "A-1", "revision": "final",
             "attribute_region": "north"},
        ]  # fmt: skip
