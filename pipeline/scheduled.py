"""The steps as a scheduler calls them: names and periods in, paths and sentences out, all else from the environment."""

from datetime import UTC, datetime
from pathlib import Path

from pipeline import ready, steps
from pipeline.derive import require_ended
from pipeline.extract import describe
from pipeline.steps import Shop
from transforms.period import Month


def land(source: str, until: datetime) -> str:
    """Extract a source up to the end of a data interval."""
    shop = _shop()
    return describe(steps.extract(shop.store, shop.catalog.source(source), shop.inbox, shop.home, until=until))


def readings_are_in(meter: str, period: Month) -> bool:
    """Tell whether a meter's source has been taken to the end of a period; PeriodNotEndedError before that end."""
    require_ended(period, _now())
    shop = _shop()
    return ready.readings_are_in(shop.store, shop.catalog.meter(meter).source_name, period)


def derive(meter: str, period: Month) -> str:
    """Derive and map a meter's period; gives the path of the usage artefact."""
    return str(steps.derive_usage(_shop(), meter, period, at=_now()))


def validate(usage: str) -> str:
    """Validate a usage artefact; gives the path of the verdict."""
    shop = _shop()
    return str(steps.validate_usage(shop.store, shop.catalog, Path(usage), shop.home))


def load(usage: str, verdict: str) -> str:
    """Load a usage artefact with its verdict; says what was done."""
    shop = _shop()
    return str(steps.load(shop.store, shop.catalog, Path(usage), Path(verdict), shop.home))


def meters_are_in(period: Month) -> bool:
    """Tell whether every meter of a period is loaded."""
    require_ended(period, _now())
    shop = Shop.open()
    return not ready.missing_meters(shop.store, shop.catalog, period)


def rate(period: Month) -> str:
    """Make a period's bill run; says what was done."""
    shop = Shop.open()
    return str(steps.rate(shop.store, shop.catalog, period, shop.home, at=_now()))


def month_is_rated(period: Month) -> bool:
    """Tell whether a period's bill run has been made."""
    return ready.is_rated(Shop.open().store, period)


def export(period: Month) -> list[str]:
    """Export a period; gives the paths of the files, below the home's exports folder."""
    shop = Shop.open()
    return [file.path for file in steps.export(shop.store, period, shop.home)]


def _shop() -> Shop:
    """Open the shop for one meter or source, whatever is wrong with the others. A bill run needs the whole catalog."""
    return Shop.open(whole_catalog=False)


def _now() -> datetime:
    """Read the clock: only here, at the edge, and only to refuse a period that has not ended."""
    return datetime.now(UTC)
