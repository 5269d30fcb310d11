"""Every step as a command: what it prints, and how it fails."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from small_business import CHARGES
from uploaded_usage import uploaded

from pipeline import cli as command_line
from pipeline.cli import cli
from pipeline.settings import PROJECT
from pipeline.store.migrate import downgrade

STORAGE = "charge: storage\nuom: hour\ncurrency: EUR\npricing: {model: per_unit, price: 3}\n"
COMMANDS = {
    "check", "derive", "export", "extract", "invoice", "load", "map", "migrate",
    "new-meter", "rate", "register", "run", "status", "validate",
}  # fmt: skip


@pytest.fixture
def delivered(named, march):
    """A small business, named to the commands by the environment, to which March has been delivered."""
    named.deliver("power/A-1/march.csv", march)
    return named


def _run(*words):
    """Run a command that must succeed; give what it printed."""
    done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output.strip()


def _fails(monkeypatch, capsys, *words):
    """Run a command that must fail as a user sees it; give the message."""
    monkeypatch.setattr(sys, "argv", ["meterbridge", *map(str, words)])
    with pytest.raises(SystemExit) as caught:
        command_line.main()
    assert caught.value.code == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    assert printed.err.startswith("meterbridge: ")
    return printed.err.removeprefix("meterbridge: ").strip()


def test_every_command_is_known_and_explains_itself():
    assert set(cli.commands) >= COMMANDS
    for name in cli.commands:
        assert _run(name, "--help").startswith("Usage: ")


def test_the_steps_one_by_one_bring_a_file_to_the_export(delivered):
    assert _run("register") == "1 accounts and 1 subscribed charges are registered"
    assert _run("check") == "1 meters, 1 sources, 1 charges: all right"
    assert _run("extract", "power").startswith("power: 1 files landed with 3 readings")
    quantities = _run("derive", "energy", "2025-03")
    usage = _run("map", quantities)
    verdict = _run("validate", usage)
    assert "created" in _run("load", usage, verdict)
    assert _run("rate", "2025-03", "--preview").splitlines() == [
        "a bill run of 2025-03 would take 1 records and bill:",
        "  charge  currency  items  amount  2025-02  change",
        "  energy  EUR           1    1.63     0.00",
        "  all     EUR           1    1.63     0.00",
    ]
    assert _run("rate", "2025-03") == "bill run 2025-03: rated, 1 records, 1 items, 1.63 EUR"
    assert _run("post", "2025-03") == "period 2025-03: 1 bill runs posted, 1 invoices"
    assert "  2025-03  posted " in _run("bill-runs", "2025-03")
    exported = _run("export", "2025-03").splitlines()
    assert [line.split("  ")[1] for line in exported] == [
        *["1 rows, control total 6.500000000"] * 2,  # usage
        *["1 rows, control total 1.630000000"] * 8,  # rated items, invoices, their pages and JSON, workbook, chart
    ]
    assert all((delivered.home / "exports" / line.split("  ")[0]).is_file() for line in exported)
    assert "together 1.63 EUR" in _run("status")


@pytest.mark.usefixtures("delivered")
def test_run_takes_a_meter_from_readings_to_the_store_and_once_only():
    _run("extract", "power")
    assert "created" in _run("run", "energy", "2025-03")
    assert "exists" in _run("run", "energy", "2025-03")


def test_quarantined_files_are_taken_again_when_asked(delivered):
    delivered.deliver("power/A-1/bad.csv", "")
    assert "1 quarantined whole" in _run("extract", "power")
    assert "0 quarantined whole" in _run("extract", "power")
    assert "1 quarantined whole" in _run("extract", "power", "--retry")


def test_registering_a_charge_tells_how_many_records_it_takes_that_none_took(delivered):
    delivered.declare("charges/storage.yaml", STORAGE)
    uploaded(delivered.store, {"charge_number": None, "charge": None, "uom": "hour"})
    delivered.deliver(
        "customers/subscribed_charges.csv", CHARGES + "C-2,S-1,A-1,storage,2020-01-01T00:00:00Z,,Active\n"
    )
    assert _run("register").splitlines()[1:] == ["1 records that no charge took have one now"]
    assert _run("register").splitlines()[1:] == []


def test_customers_can_be_registered_from_any_folder(delivered):
    assert _run("register", delivered.inbox / "customers").startswith("1 accounts")


def test_a_meter_that_is_wrong_keeps_no_customer_from_being_registered(delivered):
    delivered.declare("meters/broken.yaml", "meter: broken\n")
    assert _run("register") == "1 accounts and 1 subscribed charges are registered"


@pytest.mark.usefixtures("delivered")
def test_migrate_is_repeatable():
    assert _run("migrate") == _run("migrate") == "the usage store is up to date"


@pytest.mark.usefixtures("delivered")
def test_new_meter_says_what_it_wrote_and_the_catalog_passes_the_check(monkeypatch, tmp_path):
    monkeypatch.setattr(command_line, "PROJECT", tmp_path)  # scenarios are written below the project's tests
    assert len(_run("new-meter", "solar", "--charge", "energy").splitlines()) == 6
    assert _run("check") == "2 meters, 2 sources, 1 charges: all right"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["extract", "powr"], "there is no source 'powr' in the catalog; did you mean 'power'?"),
        (["run", "enrgy", "2025-03"], "there is no meter 'enrgy' in the catalog; did you mean 'energy'?"),
        (["derive", "energy", "2099-12"], "billing period 2099-12 ends at 2100-01-01 12:00 UTC in the last time zone"),
        (["rate", "2099-12"], "billing period 2099-12 ends at"),
        (["rate", "2025-03"], "period 2025-03 cannot be billed yet"),
    ],
)
@pytest.mark.usefixtures("delivered")
def test_what_the_user_can_put_right_is_one_message(monkeypatch, capsys, words, message):
    assert message in _fails(monkeypatch, capsys, *words)


def test_every_problem_of_the_catalog_is_listed_by_check(delivered, monkeypatch, capsys):
    delivered.declare("meters/broken.yaml", "meter: broken\n")
    delivered.declare("charges/broken.yaml", "charge: broken\ncharge: twice\n")
    found = _fails(monkeypatch, capsys, "check")
    assert "charges/broken.yaml:2: 'charge' stands here a second time" in found
    assert "meters/broken.yaml:1: 'map' is missing" in found


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://clerk:correct-horse@127.0.0.1:1/usage",
        "postgresql+psycopg://clerk:correct-horse@/usage?host=/nowhere",
        "postgresql://clerk:correct-horse@no-such-host.invalid/usage",
    ],
)
@pytest.mark.usefixtures("delivered")
def test_a_store_that_cannot_be_reached_is_told_without_its_password(monkeypatch, capsys, url):
    monkeypatch.setenv("METERBRIDGE_STORE_URL", url)
    found = _fails(monkeypatch, capsys, "status")
    assert "the usage store cannot be used" in found
    assert "correct-horse" not in found


@pytest.mark.parametrize(
    "url", ["clerk:correct-horse@host", "postgresql://clerk:correct-horse@host:port/usage", "nonsense"]
)
@pytest.mark.usefixtures("delivered")
def test_a_url_that_is_none_is_told_without_its_password(monkeypatch, capsys, url):
    monkeypatch.setenv("METERBRIDGE_STORE_URL", url)
    found = _fails(monkeypatch, capsys, "status")
    assert "METERBRIDGE_STORE_URL" in found
    assert "correct-horse" not in found


def test_a_store_that_was_never_migrated_is_told_with_the_command_that_helps(delivered, monkeypatch, capsys):
    downgrade(delivered.store, "base")
    assert "meterbridge migrate" in _fails(monkeypatch, capsys, "status")


@pytest.mark.parametrize(
    ("variable", "words", "told"),
    [
        ("METERBRIDGE_HOME", ["extract", "power"], "Not a directory"),
        ("METERBRIDGE_CATALOG", ["check"], "units.yaml: Not a directory"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told_by_name_and_with_what_to_see_to(
    delivered, monkeypatch, capsys, variable, words, told
):
    monkeypatch.setenv(variable, str(delivered.inbox / "power/A-1/march.csv"))
    found = _fails(monkeypatch, capsys, *words)
    assert "march.csv" in found
    assert f"{told}; see to the file or folder" in found


@pytest.mark.parametrize("period", ["2025-13", "March", "2025-3", "2025-03-01"])
@pytest.mark.usefixtures("delivered")
def test_a_period_that_is_none_is_a_usage_error(period):
    done = CliRunner().invoke(cli, ["rate", period])
    assert done.exit_code == 2
    assert "is not a billing period; write 2014-02, 2014-Q1" in done.output


def test_the_module_runs_as_a_program_with_its_exit_codes(delivered):
    def program(*words, **more):
        environment = {**os.environ, **delivered.environment, "PYTHONPATH": str(PROJECT), **more}
        return subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *words],
            env=environment,
            cwd=delivered.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    good = program("check")
    assert (good.returncode, good.stdout) == (0, "1 meters, 1 sources, 1 charges: all right\n")
    bad = program("status", METERBRIDGE_STORE_URL="")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith("meterbridge: METERBRIDGE_STORE_URL is not set")
    assert "Traceback" not in bad.stderr


def test_an_engine_that_breaks_off_in_the_midst_of_a_file_is_told_and_ends_the_program(delivered):
    rows = "".join(f"2014-03-01T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}Z,{n}\n" for n in range(200_000))
    delivered.deliver("power/A-1/long.csv", f"timestamp,value\n{rows}")
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "METERBRIDGE_ENGINE_MEMORY": "3MB"}
    done = subprocess.run(
        [sys.executable, "-m", "web", "extract", "power"],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("meterbridge: the engine broke off: Out of Memory Error")
    assert "METERBRIDGE_ENGINE_MEMORY" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(delivered.home.glob("readings/**/*.*"))
