"""Every step may die at any moment and be run again: nothing is lost, nothing is counted twice.

Each step is killed by SIGKILL at a random moment of its run, looked at, and run again. The moments come from a seed
that is printed; METERBRIDGE_SEED repeats it.
"""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from decimal import Decimal
from itertools import count
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.durable import sha256

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
STEPS = ("extract", "derive", "map_usage", "validate", "load", "rate", "export")
ROUNDS = 4  # 4 rounds of 7 steps are 28 kills
ACCOUNTS = ("A-1", "A-2", "A-3")
ROWS = 3000


class Stepper:
    """A process that runs steps in processes of their own, which can be killed."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("stepper.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "GX_ANALYTICS_ENABLED": "false", "OMP_NUM_THREADS": "1"},
        )
        self._hear("ready")

    def run(self, business, step, *, kill_after=None):
        """Run a step, or kill it after so many seconds; give (exit code, seconds that it took)."""
        url = business.store.url.render_as_string(hide_password=False)
        self._tell({"url": url, "folder": str(business.folder), "step": step})
        pid = self._hear("ready")
        began = time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(pid, signal.SIGKILL)  # its parent keeps the pid until it is thanked
        code, seconds = self._hear("ended"), time.monotonic() - began
        self._tell("thanks")
        return code, seconds

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def _tell(self, what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def _hear(self, what):
        return json.loads(self.process.stdout.readline())[what]


@pytest.fixture(scope="module")
def stepper():
    running = Stepper()
    yield running
    running.close()


@pytest.fixture
def shop(business, new_store, tmp_path):
    """A function that makes one business after another, each with the same raw files."""
    numbers = count()

    def make():
        made = type(business)(new_store(), tmp_path / f"shop{next(numbers)}")
        for account in ACCOUNTS[1:]:
            made.customer(account)
        for account in (*ACCOUNTS, "A-9"):  # nobody knows A-9: its rows must be seen in quarantine
            made.deliver(f"power/{account}/readings.csv", _readings(account))
        return made

    return make


def _readings(account):
    rows = (f"2025-03-{1 + i % 31:02}T{i % 24:02}:{i % 60:02}:00Z,{i % 97}.{i % 10}" for i in range(ROWS))
    return "\n".join(["at,value", *rows, f"2025-03-05T00:00:00Z,{account}", ""])  # the last row is no reading


def _raw(business):
    """Count independently: rows, and the sum of what is a number, by account."""
    found = {}
    for path in sorted((business.inbox / "power").rglob("*.csv")):
        with path.open(newline="") as file:
            values = [row["value"] for row in csv.DictReader(file)]
        good = [Decimal(value) for value in values if not value.startswith("A-")]
        found[path.parent.name] = (len(values), len(good), sum(good))
    return found


def _check_nothing_lost_or_double(business):
    """Hold whatever the store shows at this moment against the raw files."""
    raw = _raw(business)
    landed = business.rows(
        "landed_files JOIN arrivals USING (source, file_id)", "uri", "rows", "readings", "quarantined", "path"
    )
    assert len({uri for uri, *_ in landed}) == len(landed) == len(business.rows("landed_files", "file_id"))
    for uri, rows, readings, quarantined, path in landed:
        assert (rows, readings, rows - readings) == (*raw[uri.split("/")[1]][:2], quarantined)
        table = pq.read_table(business.home / "readings" / path)
        assert (table.num_rows, sum(table["value"].to_pylist())) == raw[uri.split("/")[1]][1:]
    for account, quantity, readings in business.rows("usage_records", "account_number", "quantity", "readings"):
        assert (readings, quantity) == raw[account][1:]
    _check_ledger(business, raw)
    _check_money(business, raw)
    for path, hashed in business.rows("exports", "path", "sha256"):
        assert sha256(business.home / "exports" / path) == hashed


def _check_ledger(business, raw):
    records = business.rows("usage_records", "account_number", "readings")
    assert len(records) in {0, len(ACCOUNTS)}  # an import is there whole or not at all
    assert len(business.rows("ledgers", "landed")) == len(business.rows("imports", "import_id")) == bool(records)
    for landed in business.rows("ledgers", "landed"):
        assert landed == sum(readings for _, readings, _ in raw.values())
        lines = business.rows("ledger_lines", "rows")
        assert landed == sum(lines) + sum(readings for _, readings in records)


def _check_money(business, raw):
    """A bill run is there whole or not at all: 0.25 EUR for each kWh, rounded half up to the cent."""
    items = business.rows("rated_items", "account_number", "amount")
    processed = business.rows("usage_records WHERE status = 'Processed'", "account_number")
    expected = [(account, (raw[account][2] * 25).quantize(Decimal(1), "ROUND_HALF_UP") / 100) for account in ACCOUNTS]
    assert (items, processed) in [([], []), (expected, list(ACCOUNTS))]
    assert len(business.rows("rated_usage", "record_id")) == len(items)


def _final(business):
    """Give the final tables; a load that was killed after its commit rightly says `exists` when it is run again."""
    found = business.contents()
    return {**found, "ledgers": [row.replace("'exists'", "'created'") for row in found["ledgers"]]}


def test_steps_that_are_killed_at_any_moment_and_run_again_end_with_the_same_tables(shop, stepper):
    seed = int(os.environ.get("METERBRIDGE_SEED") or random.SystemRandom().randrange(2**32))
    print(f"METERBRIDGE_SEED={seed}")  # noqa: T201 shown by pytest when the test fails
    chance = random.Random(seed)  # noqa: S311 moments, not secrets
    undisturbed = shop()
    durations = {}
    for step in STEPS:
        code, durations[step] = stepper.run(undisturbed, step)
        assert code == 0, step
        _check_nothing_lost_or_double(undisturbed)
    expected = _final(undisturbed)
    hits = []
    for _ in range(ROUNDS):
        killed = shop()
        for step in STEPS:
            code, _ = stepper.run(killed, step, kill_after=chance.uniform(0, durations[step]))
            hits.append((step, code))
            _check_nothing_lost_or_double(killed)
            assert stepper.run(killed, step)[0] == 0, step
        _check_nothing_lost_or_double(killed)
        assert _final(killed) == expected
    assert len(hits) >= 24
    assert {code for _, code in hits} <= {0, -signal.SIGKILL}
    running = [step for step, code in hits if code == -signal.SIGKILL]
    assert len(running) >= len(hits) // 2, hits  # the others had ended when the signal came
    assert len(set(running)) >= len(STEPS) - 2, hits


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_was_killed_twice_in_a_row_is_made_good_by_the_third(shop, stepper, step):
    business = shop()
    for each in STEPS[: STEPS.index(step)]:
        assert stepper.run(business, each)[0] == 0
    for moment in (0.02, 0.08):
        stepper.run(business, step, kill_after=moment)
        _check_nothing_lost_or_double(business)
    assert stepper.run(business, step)[0] == 0
    before = business.contents()
    assert stepper.run(business, step)[0] == 0  # and a fourth changes nothing
    assert {**business.contents(), "ledgers": None} == {**before, "ledgers": None}
