"""Files in a bucket: a real S3 server on this machine, reached as any other, by what the environment says."""

import gzip
import os
import subprocess
import sys
import tempfile

import fsspec
import httpx
import pytest
from moto.server import ThreadedMotoServer

from pipeline.settings import PROJECT
from pipeline.sources.files import RawFile, arrivals, open_rows
from pipeline.sources.remote import RemoteFileError
from transforms.catalog.source import Source

AWS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
MARCH = b"at,value\n2025-03-01T00:00:00Z,1.50\n"


@pytest.fixture(scope="module")
def object_store():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def environment(monkeypatch):
    """Say where S3 is, to clients that are made anew: they look once."""

    def environment(url):
        for name, value in (AWS | {"AWS_ENDPOINT_URL": url}).items():
            monkeypatch.setenv(name, value)

    fsspec.get_filesystem_class("s3").clear_instance_cache()
    yield environment
    fsspec.get_filesystem_class("s3").clear_instance_cache()


@pytest.fixture
def bucket(object_store, environment):
    """A bucket of its own for each test, as the store's own client sees it."""
    environment(object_store)
    store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    name = f"usage-{len(store.ls(''))}"
    store.mkdir(name)
    return _Bucket(store, name)


class _Bucket:
    def __init__(self, store, name):
        self.store = store
        self.url = f"s3://{name}"

    def put(self, key, content=MARCH):
        self.store.pipe(f"{self.url}/{key}", content)


def _source(files, **columns):
    columns = {"at": "at", "value": "value"} | columns
    return Source.model_validate({"source": "cpu", "files": files, "columns": columns})


def _found(bucket, pattern, tmp_path, **columns):
    found = arrivals(_source(f"{bucket.url}/{pattern}", **columns), tmp_path)
    return [(raw.uri.removeprefix(bucket.url), raw.named) for raw in found]


def _rows(raw):
    with open_rows(raw, _source("{account}/*")) as rows:
        return rows.arrow().read_all().select(["at", "value"]).to_pylist()


def test_objects_are_found_by_pattern_in_the_order_of_their_names_with_what_the_name_says(bucket, tmp_path):
    for key in ("cpu/A-2/b.csv", "cpu/A-1/z.csv", "cpu/A-1/a.csv", "cpu/A-1/a.txt", "cpu/A-1/deep/a.csv", "a.csv"):
        bucket.put(key)
    assert _found(bucket, "cpu/{account}/*.csv", tmp_path) == [
        ("/cpu/A-1/a.csv", {"account": "A-1"}), ("/cpu/A-1/z.csv", {"account": "A-1"}),
        ("/cpu/A-2/b.csv", {"account": "A-2"}),
    ]  # fmt: skip


def test_stars_mean_in_a_bucket_what_they_mean_in_a_folder(bucket, tmp_path):
    keys = ["a.csv", "in/b.csv", "in/2025/c.csv", "in/2025/03/d.csv", "in/2025/03/e.txt"]
    for key in keys:
        bucket.put(key)
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(MARCH)
    for pattern in (
        "*.csv",
        "in/*.csv",
        "in/**/*.csv",
        "**/*.csv",
        "in/*/*.csv",
        "in/b.csv",
        "in/2025/*/d.*",
        "none/*",
    ):
        below = [f"/{raw.uri}" for raw in arrivals(_source(pattern, account="who"), tmp_path)]
        assert [uri for uri, _ in _found(bucket, pattern, tmp_path, account="who")] == below


def test_an_object_is_read_as_a_file_is_packed_or_not_and_leaves_nothing_behind(bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    bucket.put("A-1/plain.csv")
    bucket.put("A-1/packed.csv.gz", gzip.compress(MARCH))
    found = arrivals(_source(f"{bucket.url}/{{account}}/*"), tmp_path)
    assert [raw.path for raw in found] == [None, None]
    assert [_rows(raw) for raw in found] == [[{"at": "2025-03-01T00:00:00Z", "value": "1.50"}]] * 2
    with found[0].local() as path:
        assert gzip.decompress(path.read_bytes()) == MARCH
    assert list(tmp_path.iterdir()) == []


def test_an_object_is_known_again_without_reading_it_until_it_is_replaced(bucket, tmp_path):
    def versions():
        return [raw.version for raw in arrivals(_source(f"{bucket.url}/{{account}}/*"), tmp_path)]

    bucket.put("A-1/march.csv")
    (first,) = versions()
    assert versions() == [first]
    bucket.put("A-1/march.csv", MARCH.replace(b"1.50", b"2.50"))
    (second,) = versions()
    assert second != first
    (replaced,) = arrivals(_source(f"{bucket.url}/{{account}}/*"), tmp_path)
    assert _rows(replaced)[0]["value"] == "2.50"


def test_objects_land_once_and_what_replaces_them_lands_beside(bucket, business):
    business.declare(
        "sources/power.yaml",
        f"source: power\nfiles: {bucket.url}/{{account}}/*.csv\ncolumns: {{at: at, value: value}}\n",
    )
    bucket.put("A-1/march.csv")
    bucket.put("A-1/april.csv", b"at,value\n")
    assert (business.extract().landed, business.extract().known) == (2, 2)
    bucket.put("A-1/march.csv", MARCH + b"2025-03-02T00:00:00Z,2\n")
    again = business.extract()
    assert (again.landed, again.known, again.readings) == (1, 1, 2)
    assert set(business.rows("arrivals", "uri")) == {f"{bucket.url}/A-1/march.csv", f"{bucket.url}/A-1/april.csv"}


def test_a_large_object_is_fetched_whole(bucket, tmp_path):
    content = os.urandom(12 << 20)
    bucket.put("A-1/large", content)
    (raw,) = arrivals(_source(f"{bucket.url}/{{account}}/*"), tmp_path)
    with raw.local() as path:
        assert path.read_bytes() == content


def test_a_name_with_blanks_and_letters_of_any_language_is_fetched(bucket, tmp_path):
    bucket.put("A 1/März + #1?.csv")
    (raw,) = arrivals(_source(f"{bucket.url}/{{account}}/*.csv"), tmp_path)
    assert (raw.uri, raw.named) == (f"{bucket.url}/A 1/März + #1?.csv", {"account": "A 1"})
    assert _rows(raw)[0]["value"] == "1.50"


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    "files", ["s3://nowhere/{account}/*", "s3://nowhere/*/{account}.csv", "s3://nowhere/{account}"]
)
def test_a_bucket_that_is_not_there_is_no_empty_one(files, tmp_path):
    with pytest.raises(RemoteFileError, match=r"^s3://nowhere/.*: The specified bucket does not exist; check the addr"):
        arrivals(_source(files), tmp_path)


def test_an_object_that_has_gone_since_it_was_listed_is_named(bucket):
    with (
        pytest.raises(RemoteFileError, match=r"usage-\d+/gone\.csv: .*check the address, the credentials"),
        RawFile(None, f"{bucket.url}/gone.csv").local(),
    ):
        pass


def test_a_bucket_that_one_may_not_list_is_no_empty_one(bucket, object_store, tmp_path):
    allow = f"{object_store}/moto-api/reset-auth"  # from so many requests on, the server looks whose they are
    httpx.post(allow, content="0")
    try:
        with pytest.raises(RemoteFileError, match=r"^s3://usage-\d+/\*: .*check the address, the credentials"):
            arrivals(_source(f"{bucket.url}/*", account="who"), tmp_path)
    finally:
        httpx.post(allow, content="inf")
    assert arrivals(_source(f"{bucket.url}/*", account="who"), tmp_path) == []


def test_a_server_that_does_not_answer_is_no_fault_of_a_file(environment, tmp_path):
    environment("http://127.0.0.1:9")
    with pytest.raises(RemoteFileError, match=r"s3://usage/\*: Could not connect to the endpoint URL"):
        arrivals(_source("s3://usage/*", account="who"), tmp_path)


@pytest.mark.parametrize(
    ("module", "files", "what"),
    [
        ("s3fs", "s3://usage/*", "Install s3fs to access S3; install meterbridge[s3]"),
        ("gcsfs", "gcs://usage/*", "install gcsfs"),
        ("adlfs", "az://usage/*", "install adlfs"),
    ],
)
def test_a_package_that_is_missing_is_named_with_what_to_install(module, files, what):
    missing = f"import sys; sys.modules[{module!r}] = None"
    program = f"{missing}; from pipeline.sources import remote; remote.listed({files!r})"
    run = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, cwd=PROJECT)
    said = run.stderr.splitlines()[-1]
    assert said.startswith(f"pipeline.sources.remote.RemoteFileError: {files}: ")
    assert said.endswith(what)


def test_a_store_that_nobody_knows_is_refused(tmp_path):
    with pytest.raises(RemoteFileError, match=r"^ftps3://usage/\*: Protocol not known: ftps3; check the address"):
        arrivals(_source("ftps3://usage/*", account="who"), tmp_path)


def test_any_other_store_works_the_same(tmp_path):
    memory = fsspec.filesystem("memory")
    memory.pipe("/usage/A-1/march.csv", MARCH)
    (raw,) = arrivals(_source("memory://usage/{account}/*.csv"), tmp_path)
    assert (raw.uri, raw.named) == ("memory://usage/A-1/march.csv", {"account": "A-1"})
    assert _rows(raw) == [{"at": "2025-03-01T00:00:00Z", "value": "1.50"}]
    memory.rm("/usage", recursive=True)


def test_a_file_below_the_inbox_is_where_it_is_and_has_no_version(tmp_path):
    (tmp_path / "march.csv").write_bytes(MARCH)
    (raw,) = arrivals(_source("*.csv", account="who"), tmp_path)
    with raw.local() as path:
        assert path == tmp_path / "march.csv"
    assert (raw.version, path.exists()) == (None, True)
