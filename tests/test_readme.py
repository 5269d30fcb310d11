"""Every command of the README, run as a newcomer would, in a copy of the project: the demo twice, then the rest."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from pipeline.settings import PROJECT

RUN_BY_CI = {"make test", "make check"}  # this test runs inside them
pytestmark = pytest.mark.slow


def commands():
    """The commands of the README's sh blocks, in order, without their remarks."""
    blocks = re.findall(r"```sh\n(.*?)```", (PROJECT / "README.md").read_text(), flags=re.DOTALL)
    return [line.split("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


class Newcomer:
    """A copy of the project in an empty folder, with a home and a port of its own."""

    def __init__(self, folder, home):
        self.folder, self.home, self.said = folder, home, {}
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (PROJECT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT / name, folder / name)
        (folder / ".venv").symlink_to(sys.prefix)
        (home / "installed").touch()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def environment(self):
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW", "METERBRIDGE", "PYTEST"))
        }
        kept |= {"METERBRIDGE_HOME": str(self.home / "var"), "METERBRIDGE_PORT": str(self.port)}
        kept |= {"PYTHONPATH": str(self.folder), "METERBRIDGE_BENCH_READINGS": "20000"}
        kept |= {"METERBRIDGE_BENCH_RECORDS": "20000", "METERBRIDGE_BENCH_RUNS": "1"}
        kept |= {"PYTEST_ADDOPTS": "-k cooling_power"}  # of the stories, the newcomer's own: the others run anyway
        # The packages are installed already: the stamp that make looks at is newer than the lock.
        kept |= {"MAKEFLAGS": f"INSTALLED={self.home / 'installed'}"}
        url = re.search(r"postgresql\S+", self.said.get("make up", ""))
        return kept | ({"METERBRIDGE_STORE_URL": url[0]} if url else {})

    def run(self, command):
        done = subprocess.run(  # noqa: PLW1510 the assertion below says more than an exception
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        self.said[command] = done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    with tempfile.TemporaryDirectory(prefix="mb-") as home:  # short: a unix socket's path is at most 107 bytes long
        newcomer = Newcomer(tmp_path_factory.mktemp("clone"), Path(home))
        yield newcomer
        newcomer.run("make down")


def test_the_demo_bills_three_months_and_a_second_one_bills_nothing_twice(newcomer):
    first = newcomer.run("make demo")
    assert "9 new imports, 13 new rated items" in first
    assert "together 181.19 USD" in first
    ledger = re.findall(r"^  2014-\d\d .*\s(-?\d+)$", first, flags=re.MULTILINE)
    assert ledger == ["0"] * 9, "every reading of every meter and month is explained"
    assert "0 new imports, 0 new rated items: nothing was billed twice" in newcomer.run("make demo")


def test_the_demos_quantities_are_those_computed_elsewhere(newcomer):
    """Figures of the sample files, computed apart from this project, to the nine decimals that the store keeps."""
    answers = json.loads((PROJECT / "tests" / "transforms" / "quantities" / "answers.json").read_text())
    found = {}
    for path in sorted((newcomer.home / "var" / "exports").glob("2014-*/usage-*.parquet")):
        found |= {(row["account_number"], row["charge"]): row["quantity"] for row in pq.read_table(path).to_pylist()}
    nine = Decimal(1).scaleb(-9)
    for account, charge, file, figure, factor in EXPECTED:
        value = Decimal(answer(answers, file)[figure]) * Decimal(factor)
        assert found[account, charge] == value.quantize(nine, ROUND_HALF_UP), (account, charge)


EXPECTED = [
    ("A-100001", "server_cpu_average", "ec2_cpu_utilization_5f5533", "avg", "1"),
    ("A-100001", "server_cpu_peak", "ec2_cpu_utilization_5f5533", "max", "1"),
    ("A-100001", "server_cpu_floor", "ec2_cpu_utilization_5f5533", "min", "1"),
    ("A-100001", "monitored_samples", "ec2_cpu_utilization_5f5533", "count", "1"),
    ("A-100002", "server_cpu_average", "rds_cpu_utilization_cc0c53", "avg", "1"),
    ("A-100002", "server_cpu_peak", "rds_cpu_utilization_cc0c53", "max", "1"),
    ("A-100002", "server_cpu_floor", "rds_cpu_utilization_cc0c53", "min", "1"),
    ("A-100002", "monitored_samples", "rds_cpu_utilization_cc0c53", "count", "1"),
    ("A-100001", "network_traffic", "ec2_network_in_257a54", "sum", "1e-9"),
    ("A-100002", "network_traffic", "ec2_network_in_5abac7", "sum", "1e-9"),
    ("A-100003", "disk_write_peak", "ec2_disk_write_bytes_1ef3de", "max", "1e-9"),
    ("A-100003", "load_balancer_requests", "elb_request_count_8c0756", "sum", "1e-3"),
]


def answer(answers, file):
    """The one month of a sample file."""
    (month,) = answers["files"][f"{file}.csv"].values()
    return month


def test_every_other_command_of_the_readme_works(newcomer):
    rest = [command for command in commands() if command not in RUN_BY_CI | {"make demo", "make down"}]
    for command in rest:
        newcomer.run(command)
        if command == "make up":
            health = httpx.get(f"http://127.0.0.1:{newcomer.port}/api/v2/monitor/health", timeout=10).json()
            assert {part["status"] for part in health.values()} == {"healthy"}
    assert "together 181.19 USD" in newcomer.said[".venv/bin/meterbridge status"]
    newcomer.run("make down")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{newcomer.port}", timeout=2)


def test_continuous_integration_runs_the_commands_that_this_test_cannot():
    assert re.search(r"^(exec )?make test\b", (PROJECT / ".ci" / "run").read_text(), flags=re.MULTILINE)
    assert re.search(r"^test: check\b", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE)
    assert set(commands()) >= RUN_BY_CI | {"make demo", "make up", "make down"}
