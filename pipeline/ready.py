"""Ready: may the next step of a period begin? Asked of the store alone: the answer outlives Airflow's database."""

import sqlalchemy as sa

from pipeline.catalog import Catalog
from pipeline.store import billing, ledger, manifest
from transforms.period import Month


def readings_are_in(store: sa.Engine, source: str, period: Month) -> bool:
    """Tell whether a source has been extracted to the end of a period, wherever that ends last."""
    with store.begin() as connection:
        until = manifest.extracted_until(connection, source)
    return until is not None and period.ended_everywhere(until)


def missing_meters(store: sa.Engine, catalog: Catalog, period: Month) -> list[str]:
    """List the meters whose usage of a period has not been loaded."""
    with store.begin() as connection:
        return sorted(set(catalog.meters) - ledger.meters_done(connection, period))


def is_rated(store: sa.Engine, period: Month) -> bool:
    """Tell whether a period's bill run has been made, whether or not anything was due."""
    with store.begin() as connection:
        return billing.is_rated(connection, period)
