"""Usage is sent from the command line."""

import pytest
from click.testing import CliRunner
from lossy_http import lossy
from served_api import CLIENT, SECRET, served
from uploaded_usage import uploaded

from pipeline.cli import cli
from pipeline.targets.sender import PlatformAddressError


@pytest.fixture
def run(named):  # noqa: ARG001 the environment
    return lambda *words: CliRunner().invoke(cli, ["send", "2025-03", *words])


@pytest.fixture
def way(business, new_store, tmp_path, monkeypatch):
    theirs = type(business)(new_store(), tmp_path / "theirs")
    with served(theirs) as address, lossy(address) as way:
        monkeypatch.setenv("METERBRIDGE_CONNECTION_PLATFORM", way.url.replace("//", f"//{CLIENT}@"))
        monkeypatch.setenv("METERBRIDGE_CONNECTION_PLATFORM_TOKEN", SECRET)
        yield way


def test_each_file_is_told_with_its_state_counts_and_import(business, run, way):
    assert way.url
    uploaded(business.store, {"unique_key": "k"})
    done = run()
    assert done.exit_code == 0
    file, last = done.output.splitlines()
    assert file.startswith("2025-03-1-")
    assert "  confirmed  1 rows, control total 1, import " in file
    assert last == "the platform holds all of it"
    assert run("--wait", "0").output == done.output


def test_where_the_platform_still_reads_the_command_says_so_and_fails(business, run, way):
    uploaded(business.store, {"unique_key": "k"})
    way.answers["/status"] = b'{"importStatus": "Processing", "message": ""}'
    done = run("--wait", "0")
    assert done.exit_code == 1
    assert done.output.splitlines()[1] == "the platform is still reading: send again to see what became of it"
    way.answers.clear()
    assert run().exit_code == 0


def test_without_a_connection_nothing_is_sent_and_the_way_to_give_one_is_told(run, monkeypatch):
    monkeypatch.delenv("METERBRIDGE_CONNECTION_PLATFORM", raising=False)
    assert isinstance(run().exception, PlatformAddressError)
