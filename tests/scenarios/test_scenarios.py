"""Every folder here that holds a scenario.yaml is a story: raw files in, the expected tables out; no Python needed."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from pipeline import steps
from pipeline.catalog import Catalog
from pipeline.register import register
from pipeline.settings import PROJECT
from pipeline.steps import Shop
from pipeline.store import ledger
from transforms.period import Month

HERE = Path(__file__).parent
STORIES = sorted(path.parent for path in HERE.glob("*/scenario.yaml"))
NOW = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize("folder", STORIES, ids=lambda folder: folder.name)
def test_a_story_ends_as_it_says(folder, store, home):
    story = yaml.safe_load((folder / "scenario.yaml").read_text())
    catalog = Catalog.read(folder / "catalog" if (folder / "catalog").is_dir() else PROJECT / "catalog")
    shop = Shop(store, catalog, home, folder / "inbox")
    register(store, catalog, shop.inbox / "customers")
    happen(shop, story, billed=(folder / "expected" / "rated_items.csv").exists())
    expected = sorted((folder / "expected").glob("*.csv"))
    assert expected, "a story says what it expects"
    for table in expected:
        rows = read(table)
        assert picked(happened(shop, table.stem, story["periods"]), list(rows[0])) == rows


def happen(shop, story, *, billed):
    for source in sorted({shop.catalog.meter(name).source_name for name in story["meters"]}):
        steps.extract(shop.store, shop.catalog.source(source), shop.inbox, shop.home, until=NOW)
    for period in map(Month.parse, story["periods"]):
        for meter in story["meters"]:
            steps.run_meter(shop, meter, period, at=NOW)
        if billed:
            only = Catalog(shop.catalog.units, charges=shop.catalog.charges, meters=dict.fromkeys(story["meters"]))
            steps.rate(shop.store, only, period, shop.home, at=NOW)


def happened(shop, table, periods):
    """The rows of a table as they stand, in the order of its export; ledgers by period and meter."""
    if table == "ledger":
        with shop.store.begin() as connection:
            found = [each for each in ledger.all_ledgers(connection) if each.period in periods]
        return [vars(each) | vars(line) for each in found for line in each.lines]
    files = [file for period in periods for file in steps.export(shop.store, Month.parse(period), shop.home)]
    paths = [
        shop.home / "exports" / file.path for file in files if file.what == table and file.path.endswith(".parquet")
    ]
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def picked(rows, columns):
    return [{column: as_text(row[column]) for column in columns} for row in rows]


def as_text(value):
    return format(value.normalize(), "f") if hasattr(value, "normalize") else str(value)


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_meter_of_the_catalog_has_a_story():
    told = {meter for folder in STORIES for meter in yaml.safe_load((folder / "scenario.yaml").read_text())["meters"]}
    assert set(Catalog.read(PROJECT / "catalog").meters) <= told
