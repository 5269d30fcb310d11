"""The table of contents: the nine steps, in the data's order. Each takes all it needs, and may be run again.

extract         raw files            -> readings    new files, once
keep            readings             -> repeats, partials    what a day's repeats are, and what it adds up to
derive          readings             -> quantities  one per charge and period, exact; every row has its place
map_usage       quantities           -> usage       unit, factor, one rounding
validate_usage  usage                -> verdict     what fails is quarantined with a reason
load            usage and verdict    -> the store   one transaction, one ImportId, Pending
rate            Pending usage        -> rated items one transaction, Processed
post            rated items          -> invoices    final; until then a bill run can be cancelled
export          usage, rated items   -> files       whole or not at all
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from pipeline.billing.post import post
from pipeline.billing.rate import rate
from pipeline.catalog.catalog import Catalog
from pipeline.catalog.units import made_units
from pipeline.exports.export import export
from pipeline.quantities.derive import derive
from pipeline.readings.extract import Extracted, extract
from pipeline.readings.keep import keep
from pipeline.settings import Settings
from pipeline.store import version
from pipeline.store.engine import connect
from pipeline.usage.load import load
from pipeline.usage.map import map_usage
from pipeline.usage.outcome import Loaded
from pipeline.usage.validate_usage import validate_usage
from transforms.period import Period

__all__ = [
    "Workspace",
    "derive",
    "derive_usage",
    "export",
    "extract",
    "keep",
    "land",
    "load",
    "map_usage",
    "post",
    "prepare_usage",
    "rate",
    "run_meter",
    "validate_usage",
]


@dataclass(frozen=True)
class Workspace:
    """What every step works with."""

    store: sa.Engine
    catalog: Catalog
    home: Path
    inbox: Path

    @classmethod
    def open(cls, *, whole_catalog: bool = True) -> "Workspace":
        """Open what the environment names; without `whole_catalog`, what is wrong in the catalog is left out of it."""
        settings = Settings.read()
        store = connect(settings.store_url)
        with store.begin() as connection:
            version.require_current(connection)
        catalog = (Catalog.read if whole_catalog else Catalog.load)(settings.catalog, made_units(store))
        return cls(store, catalog, settings.home, settings.inbox)


def land(workspace: Workspace, source: str, *, until: datetime, retry: bool = False) -> Extracted:
    """Take what is new in a source, and what its days add up to."""
    found = workspace.catalog.source(source)
    extracted = extract(workspace.store, found, workspace.inbox, workspace.home, until=until, retry=retry)
    keep(workspace.store, workspace.catalog, found, workspace.home)
    return extracted


def derive_usage(workspace: Workspace, meter: str, period: Period, *, at: datetime) -> Path:
    """Take a meter's period from readings to usage: derive, map; gives the usage artefact's path."""
    quantities = derive(
        workspace.store, workspace.catalog, workspace.catalog.meter(meter), period, workspace.home, at=at
    )
    return map_usage(workspace.store, workspace.catalog, quantities, workspace.home)


def prepare_usage(workspace: Workspace, meter: str, period: Period, *, at: datetime) -> tuple[Path, Path]:
    """Take a meter's period from readings to validated usage: derive, map, validate; the usage and its verdict."""
    usage = derive_usage(workspace, meter, period, at=at)
    return usage, validate_usage(workspace.store, workspace.catalog, usage, workspace.home)


def run_meter(
    workspace: Workspace, meter: str, period: Period, *, at: datetime, reason: str = "", by: str = "meterbridge"
) -> Loaded:
    """Take a meter's period from readings to the store: derive, map, validate, load."""
    paths = prepare_usage(workspace, meter, period, at=at)
    return load(workspace.store, workspace.catalog, *paths, workspace.home, reason=reason, by=by)
