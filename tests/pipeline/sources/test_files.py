import os
import shutil
import tempfile
from pathlib import Path

import pytest

from pipeline.sources.files import RawFile, UnreadableFileError, arrivals, open_rows
from pipeline.sources.unavailable import SourceUnavailableError
from transforms.catalog.source import Source


def _source(files="power/{account}/*.csv", **more):
    return Source.model_validate({"source": "power", "files": files, "columns": {"at": "at", "value": "value"}} | more)


def _touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("at,value\n")


def _found(folder, files, **columns):
    source = _source(files, columns={"at": "at", "value": "value"} | columns)
    return [(raw.uri, raw.named) for raw in arrivals(source, folder)]


def test_files_are_found_by_pattern_in_the_order_of_their_paths_with_what_the_path_says(tmp_path):
    _touch(tmp_path, "power/A-2/b.csv", "power/A-1/z.csv", "power/A-1/a.csv", "power/A-1/a.txt", "other/A-1/a.csv")
    assert _found(tmp_path, "power/{account}/*.csv") == [
        ("power/A-1/a.csv", {"account": "A-1"}), ("power/A-1/z.csv", {"account": "A-1"}),
        ("power/A-2/b.csv", {"account": "A-2"}),
    ]  # fmt: skip


def test_a_file_whose_name_is_no_utf_8_has_one_that_the_store_keeps(tmp_path):
    (tmp_path / "A-1").mkdir()
    (tmp_path / os.fsdecode(b"A-1/z\xe4hler.csv")).write_text("at,value\n")
    assert _found(tmp_path, "{account}/*.csv") == [(r"A-1/z\xe4hler.csv", {"account": "A-1"})]


def test_a_path_can_say_account_and_subscription(tmp_path):
    _touch(tmp_path, "A-1/S-1/2025.csv")
    assert _found(tmp_path, "{account}/{subscription}/*.csv") == [
        ("A-1/S-1/2025.csv", {"account": "A-1", "subscription": "S-1"})
    ]


def test_two_stars_reach_folders_of_any_depth(tmp_path):
    _touch(tmp_path, "power/a.csv", "power/2025/03/b.csv")
    found = _found(tmp_path, "power/**/*.csv", account="account")
    assert [uri for uri, _ in found] == ["power/2025/03/b.csv", "power/a.csv"]


def test_a_folder_that_is_named_like_a_file_is_left_alone(tmp_path):
    (tmp_path / "power/A-1/folder.csv").mkdir(parents=True)
    assert _found(tmp_path, "power/{account}/*.csv") == []


def test_an_inbox_that_is_missing_gives_nothing(tmp_path):
    assert _found(tmp_path / "none", "power/{account}/*.csv") == []


@pytest.fixture
def somebody():
    """Give a folder that all may enter, and a way to be a user who may not read everything."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder, lambda: os.seteuid(65534 if os.geteuid() == 0 else os.geteuid())
    os.seteuid(os.getuid())
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize("mode", [0o000, 0o111, 0o444])
@pytest.mark.parametrize("files", ["power/{account}/*.csv", "power/**/*.csv", "**/*.csv", "*/A-2/*.csv"])
def test_a_folder_that_cannot_be_read_is_refused_and_its_files_are_not_passed_over(somebody, files, mode):
    inbox, become = somebody
    _touch(inbox, "power/A-1/a.csv", "power/A-2/b.csv")
    account = {} if "{account}" in files else {"account": "account"}
    (inbox / "power/A-2").chmod(mode)
    become()
    with pytest.raises(SourceUnavailableError, match=r"power/A-2: .* cannot be read: let the user"):
        _found(inbox, files, **account)


@pytest.mark.parametrize(
    ("files", "closed"), [("power/{account}/*.csv", "private"), ("*/{account}/*.csv", "lost+found")]
)
def test_a_folder_that_holds_no_file_of_the_source_may_be_closed(somebody, files, closed):
    inbox, become = somebody
    _touch(inbox, "power/A-1/a.csv", f"{closed}/A-1/b.csv")
    (inbox / closed).chmod(0)
    become()
    assert [uri for uri, _ in _found(inbox, files)] == ["power/A-1/a.csv"]


def test_an_inbox_may_itself_be_a_link(tmp_path):
    _touch(tmp_path / "real", "power/A-1/a.csv")
    (tmp_path / "inbox").symlink_to(tmp_path / "real")
    assert [uri for uri, _ in _found(tmp_path / "inbox", "power/{account}/*.csv")] == ["power/A-1/a.csv"]


def _rows(path: Path, **more):
    with open_rows(RawFile(path, path.name), _source(**more)) as rows:
        return rows.arrow().read_all().to_pylist()


def test_a_row_is_text_under_our_names_with_its_number(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("when,extra,amount\n2025-03-01,x,007.10\n")
    found = _rows(path, columns={"at": "when", "value": "amount"})
    assert found == [{"row": 1, "defect": None, "at": "2025-03-01", "value": "007.10"}]


def test_an_account_number_keeps_its_zeros(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("at,value,who\n2025-03-01,1,000123\n")
    found = _rows(path, files="*.csv", columns={"at": "at", "value": "value", "account": "who"})
    assert found[0]["account"] == "000123"


def test_one_column_can_serve_twice(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("at,value\n2025-03-01,1\n")
    found = _rows(path, columns={"at": "at", "value": "value", "event_id": "at"})
    assert (found[0]["at"], found[0]["event_id"]) == ("2025-03-01", "2025-03-01")


@pytest.mark.parametrize(("delimiter", "quote"), [(";", "'"), ("\t", '"'), ("|", "~")])
def test_delimiter_and_quote_are_what_the_source_says(tmp_path, delimiter, quote):
    path = tmp_path / "a.csv"
    path.write_text(f"at{delimiter}value\n{quote}a{delimiter}{quote}{quote}b{quote}{delimiter}1\n")
    found = _rows(path, format={"kind": "csv", "delimiter": delimiter, "quote": quote})
    assert found[0]["at"] == f"a{delimiter}{quote}b"


def test_text_is_read_in_the_declared_encoding(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("at,Zähler\nheute,ß\n".encode("latin-1"))
    found = _rows(path, format={"kind": "csv", "encoding": "latin-1"}, columns={"at": "at", "value": "Zähler"})
    assert found[0]["value"] == "ß"


@pytest.mark.parametrize("content", [b"\n\n\n", b"\xef\xbb\xbf"])
def test_a_file_without_a_header_is_unreadable(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"empty_file|missing_column"):
        _rows(path)
