"""Every folder here that holds a scenario.yaml is a story: raw files in, the expected tables out; no Python needed."""

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from pipeline import periods, steps
from pipeline.catalog.catalog import Catalog
from pipeline.catalog.register import register
from pipeline.settings import PROJECT
from pipeline.steps import Workspace
from pipeline.store import ledger
from transforms.period import Period
from transforms.rating.asked import Asked

HERE = Path(__file__).parent
STORIES = sorted(path.parent for path in HERE.glob("*/scenario.yaml"))
NOW = datetime(2099, 1, 1, tzinfo=UTC)  # when the periods of every story are over


@pytest.mark.parametrize("folder", STORIES, ids=lambda folder: folder.name)
def test_a_story_ends_as_it_says(folder, store, home):
    story = yaml.safe_load((folder / "scenario.yaml").read_text())
    catalog = Catalog.read(folder / "catalog" if (folder / "catalog").is_dir() else PROJECT / "catalog")
    workspace = Workspace(store, catalog, home, folder / "inbox")
    register(store, catalog, workspace.inbox / "customers")
    handled = happen(workspace, story, billed=(folder / "expected" / "rated_items.csv").exists())
    expected = sorted((folder / "expected").glob("*.csv"))
    assert expected, "a story says what it expects"
    for table in expected:
        rows = read(table)
        assert picked(happened(workspace, table.stem, handled), list(rows[0])) == rows


def happen(workspace, story, *, billed):
    """Extract, take every period of the story to the store, and bill it; give the periods in order."""
    for source in sorted({workspace.catalog.meter(name).source_name for name in story["meters"]}):
        steps.extract(workspace.store, workspace.catalog.source(source), workspace.inbox, workspace.home, until=NOW)
    runs = [(period, meter) for meter in story["meters"] for period in periods_of(workspace, story, meter)]
    for period, meter in runs:
        steps.run_meter(workspace, meter, period, at=NOW)
    only = replace(workspace.catalog, meters={name: workspace.catalog.meter(name) for name in story["meters"]})
    handled = sorted({period for period, _ in runs})
    for period in handled if billed else []:
        steps.rate(workspace.store, only, Asked(period), workspace.home, at=NOW)
        steps.post(workspace.store, period, by="meterbridge")
    return handled


def periods_of(workspace, story, meter):
    """The periods that a story names, or those that a run between two instants handles."""
    if "between" in story:
        return periods.to_derive(workspace.store, workspace.catalog, meter, *story["between"])
    return [Period.parse(text) for text in story["periods"]]


def happened(workspace, table, handled):
    """The rows of a table as they stand, in the order of its export; ledgers by period and meter."""
    if table == "ledger":
        with workspace.store.begin() as connection:
            found = [each for each in ledger.all_ledgers(connection) if Period.parse(each.period) in handled]
        return [vars(each) | vars(line) for each in found for line in each.lines]
    files = [
        file for period in handled for file in steps.export(workspace.store, workspace.catalog, period, workspace.home)
    ]
    paths = [
        workspace.home / "exports" / file.path
        for file in files
        if file.what == table and file.path.endswith(".parquet")
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
