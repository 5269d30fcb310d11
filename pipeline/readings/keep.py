"""Keep: what the days of a source repeat and add up to, made when they land, so that a period's end finds it ready."""

from pathlib import Path

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.engine import landing_engine
from pipeline.readings import partials, repeats
from pipeline.readings.days import days_of
from pipeline.store import manifest
from transforms.catalog.source import Source
from transforms.quantities.partials import kept_for, rules_of
from transforms.quantities.settle import settles

FOREVER_US = 2**62


def keep(store: sa.Engine, catalog: Catalog, source: Source, home: Path) -> int:
    """Make the repeats and partials that a source's meters lack, after something has landed; says of how many days."""
    meters = [meter for meter in catalog.meters.values() if meter.source_name == source.source]
    derivations = {rules_of(meter.derive, source): meter.derive for meter in meters if kept_for(meter.derive, source)}
    if not meters:
        return 0
    with store.begin() as connection:
        days = list(days_of(manifest.files(connection, source.source, FOREVER_US), home, None, None))
    with landing_engine() as backend:
        found = len(repeats.kept(backend, source, days, home)) if settles(source) else 0
        return found + sum(len(partials.kept(backend, source, each, days, home)) for each in derivations.values())
