"""`docs/prepaid.md`: its charges come to what its example says, and its ledger is what the command prints."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import pytest
from click.testing import CliRunner
from pages_of_docs import blocks, page
from uploaded_usage import uploaded

from pipeline.cli import cli
from pipeline.store.funds import OPPOSITE
from transforms.rating.prepaid import EntryType

PAGE = page("prepaid")
UNITS = "units: {call: {}, credit: {}}\ncurrencies: {EUR: {}}\n"
CHARGES = (
    "charge_number,subscription_number,account_number,charge,start_at,end_at,status\n"
    "B-1,S-1,A-1,bundle,2025-01-01T00:00:00Z,2025-04-01T00:00:00Z,Active\n"
    "C-1,S-1,A-1,calls,2025-01-01T00:00:00Z,,Active\n"
)
MONTHS = re.findall(r"^\| (\d{4}-\d\d) \| (\d+) \| (\d+) \| (\d+) \| ([0-9.]+) \|$", PAGE, flags=re.MULTILINE)


@pytest.fixture
def billed(named):
    """The customer of the page, billed for three months."""
    for left in ("meters/energy.yaml", "charges/energy.yaml"):
        (named.catalog_folder / left).unlink()
    named.declare("units.yaml", UNITS)
    for name, text in zip(("bundle", "calls"), blocks(PAGE, "yaml"), strict=True):
        named.declare(f"charges/{name}.yaml", text)
    named.deliver("customers/subscribed_charges.csv", CHARGES)
    named.register()
    for period, calls, *_ in MONTHS:
        _use(named, period, calls)
        named.rate(period)
    return named


def _use(business, period, calls):
    if calls != "0":
        start = datetime.fromisoformat(f"{period}-10").replace(tzinfo=UTC)
        record = {"period": period, "start_at": start, "charge": "calls", "uom": "call", "quantity": Decimal(calls)}
        uploaded(business.store, record, file_name=f"{period}.csv")


def test_the_example_comes_to_what_is_written(billed):
    rows = billed.rows("rated_items WHERE charge = 'calls'", "period", "quantity", "amount", "breakdown")
    found = []
    for period, quantity, amount, lines in rows:
        covered = sum(Decimal(line["units"]) for line in lines if line["format"] == "prepaid")
        found.append((period, quantity, covered, quantity - covered, amount))
    written = [(period, *map(Decimal, figures)) for period, *figures in MONTHS]
    assert found == [row for row in written if row[1]]
    fees = billed.rows("rated_items WHERE charge = 'bundle'", "period", "amount")
    assert fees == [(period, Decimal(re.search(r"Each month costs ([0-9.]+)", PAGE)[1])) for period, *_ in MONTHS]


@pytest.mark.usefixtures("billed")
def test_the_ledger_is_what_the_command_prints():
    (written,) = blocks(PAGE, "console")
    line, *_ = written.splitlines()
    done = CliRunner().invoke(cli, line.removeprefix("$ meterbridge ").split(), catch_exceptions=False)
    assert f"{line}\n{done.output}" == written


def test_every_kind_of_entry_is_explained():
    named = re.findall(r"^\| `([a-z_]+)` \|", PAGE, flags=re.MULTILINE)
    assert set(named) == {*get_args(EntryType), *OPPOSITE.values()}
