"""The catalog of a server: always what files and units are now, and read no more often than it must be."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from small_business import CHARGE, UNITS

from pipeline.catalog import units
from pipeline.catalog.catalog import Catalog
from pipeline.catalog.documents import CatalogError
from pipeline.catalog.kept import SETTLED_NS, KeptCatalog


@pytest.fixture
def reads(monkeypatch):
    """The catalogs that were read from their files."""
    found, load = [], Catalog.load

    def counted(*parts):
        found.append(load(*parts))
        return found[-1]

    monkeypatch.setattr(Catalog, "load", counted)
    return found


@pytest.fixture
def kept(business):
    """The catalog, asked for long after its last change."""
    return KeptCatalog(business.catalog_folder, business.store, lambda: time.time_ns() + 2 * SETTLED_NS)


def test_a_catalog_that_nobody_changes_is_read_once(kept, reads):
    first = kept()
    assert [kept() is first for _ in range(3)] == [True] * 3
    assert len(reads) == 1


def test_it_is_the_catalog_that_is_read_without_keeping_it(kept, business):
    business.declare("charges/wrong.yaml", "charge: right\n")
    found = kept()
    assert found == business.read_catalog()
    assert len(found.problems) > 0


@pytest.mark.parametrize(
    "name",
    [
        "units.yaml",
        "charges/energy.yaml",
        "meters/energy.yaml",
        "sources/power.yaml",
        "charges/prices.csv",
        "lookups/sites.csv",
    ],
)
def test_a_change_of_any_file_is_seen_at_once_also_where_size_and_time_are_as_before(kept, business, reads, name):
    path = business.catalog_folder / name
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_text("key,account_number\nm-1,A-1\n")
    before = path.stat()
    kept()
    text = path.read_text()
    path.write_text(text.replace("0.25", "0.35").replace("kwh", "kWh").replace("A-1", "A-2"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    kept()
    assert len(reads) == 2


def test_a_price_that_is_changed_holds_for_the_next_call(kept, business):
    assert str(kept().charges["energy"].pricing.price) == "0.25"
    business.declare("charges/energy.yaml", CHARGE.replace("0.25", "0.26"))
    assert str(kept().charges["energy"].pricing.price) == "0.26"


def test_a_file_that_is_new_renamed_or_taken_away_is_seen_at_once(kept, business):
    kept()
    new = business.declare("charges/more.yaml", CHARGE.replace("energy", "more"))
    assert set(kept().charges) == {"energy", "more"}
    moved = new.rename(new.with_name("moved.yaml"))
    assert "charge 'more' stands in moved.yaml" in kept().problems[0]
    moved.unlink()
    assert set(kept().charges) == {"energy"}
    assert kept().problems == []


def test_a_folder_that_is_put_in_place_of_another_is_seen_at_once(kept, business):
    kept()
    charges = business.catalog_folder / "charges"
    new = business.declare("new/energy.yaml", CHARGE.replace("0.25", "0.26")).parent
    charges.rename(business.folder / "old")
    new.rename(charges)
    assert str(kept().charges["energy"].pricing.price) == "0.26"


def test_a_unit_that_a_call_makes_or_changes_is_seen_at_once(kept, business, reads):
    kept()
    units.create(business.store, kept(), "GB", {"decimals": 3}, by="ann")
    assert kept().units.units["GB"].decimals == 3
    units.update(business.store, kept(), "GB", {"decimals": 6}, by="ann")
    assert kept().units.units["GB"].decimals == 6
    assert len(reads) == 3


def test_what_was_written_a_moment_ago_is_not_kept_for_another_change_may_bear_the_same_stamp(business, reads):
    newest = max(each.stat().st_ctime_ns for each in business.catalog_folder.rglob("*.yaml"))
    now = [newest + SETTLED_NS]
    kept = KeptCatalog(business.catalog_folder, business.store, lambda: now[0])
    assert kept() is not kept()
    now[0] += 1
    assert kept() is kept()
    assert len(reads) == 3


def test_a_catalog_that_cannot_be_read_is_not_kept(kept, business):
    kept()
    path = business.catalog_folder / "units.yaml"
    path.unlink()
    with pytest.raises(CatalogError):
        kept()
    business.declare("units.yaml", UNITS)
    assert set(kept().units.units) == {"kwh", "hour"}


def test_callers_who_come_at_once_read_it_once_and_share_it(kept, reads):
    together = Barrier(8)

    def call(_):
        together.wait()
        return kept()

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(call, range(8)))
    assert {id(each) for each in found} == {id(reads[0])}
    assert len(reads) == 1
