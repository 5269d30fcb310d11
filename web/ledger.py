"""The Ledger page: where every raw row of a billing period is, of the store alone. It changes nothing."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from pipeline.store import arrivals, ledger, overview, samples
from pipeline.store.engine import one_moment
from transforms.errors import MeterbridgeError
from transforms.exact import Rounding, round_exact
from transforms.period import Period
from transforms.readings.delays import Delay, delays
from web.pages import HEADERS, TEMPLATES, read_period
from web.services import Services, ServicesDep, Viewer

PERIODS = 400  # that the field offers: more than a year of them where every day begins one
LOWEST = 10
FILES = 1000  # whose quarantined rows are counted by reason: those that landed last
PLACES = {
    "deleted": "a person deleted the record that they were in.",
    "duplicate": "the same reading came again, and counts once.",
    "out_of_scope": "not to be billed: the meter leaves them out, or nobody subscribed to the charge at that time.",
    "quarantined": "not billed until they are mended. Of unknown_account, unknown_subscription and no_charge, register "
    "the account and the charge: the meter's next run takes them in.",
    "late": "they came after the period was billed, and the meter adjusts nothing that is billed.",
    "superseded": "a later revision of the same reading counts.",
}  # what a place means, and what to do about it
router = APIRouter(include_in_schema=False)
Chosen = Annotated[str, Query(max_length=100)]
Late = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True)
class Delays:
    """When the readings of a source arrived, of the files that lie in the period; or why that cannot be told."""

    source: str
    days: list[Delay]
    reaching: int = 0
    problem: str = ""


@router.get("/ledger", response_class=HTMLResponse)
def read_ledger(services: ServicesDep, _caller: Viewer, period: Chosen = "", late: Late = "") -> HTMLResponse:
    """Show the page of a billing period, the latest with readings where none is chosen; `late` is a source."""
    period = read_period("period", period)
    # A load that ends between two questions would leave rows unexplained.
    with one_moment(services.store) as connection:
        known = ledger.periods_known(connection)
        chosen = period or next((each for each, landed in known.items() if landed), next(iter(known), ""))
        of_period = _of_period(connection, chosen)
        lying = _in_no_period(connection)
    told = _late(services, late, chosen) if late and of_period["ledgers"] else None
    page = TEMPLATES.get_template("ledger.html").render(
        period=chosen, periods=[*known][:PERIODS], late=told, limit=FILES, **of_period, **lying
    )
    return HTMLResponse(page, 200, HEADERS)


def _of_period(connection: sa.Connection, period: str) -> dict[str, object]:
    """Ask what the ledgers and the records of a period tell."""
    found = ledger.all_ledgers(connection, period=period)
    return {
        "ledgers": found,
        "wrong": [each for each in found if each.unexplained],
        "places": {place: told for place, told in PLACES.items() if any(each.rows(place) for each in found)},
        "made": ledger.made_of(connection, period),
        "stale": [meter for _, meter in ledger.stale(connection, period=period)],
        "records": samples.by_meter(connection, period),
        "lowest": samples.lowest(connection, period, LOWEST),
    }


def _in_no_period(connection: sa.Connection) -> dict[str, object]:
    """Ask what lies in no billing period: files and rows that are quarantined, and rows that are left out."""
    return {
        "sources": overview.sources(connection),
        "files": overview.quarantined_files_by_reason(connection),
        "rows": overview.quarantined_rows_by_reason(connection, latest=FILES),
        "names": overview.files_with_quarantined_rows(connection, FILES),
    }


def _late(services: Services, source: str, period: str) -> Delays:
    """Count what arrived by days after the period's end, on the clock of the source."""
    try:
        window = Period.parse(period).window(services.read_catalog().source(source).time.zone)
    except MeterbridgeError as error:
        return Delays(source, [], problem=str(error))
    with services.store.begin() as connection:
        found = arrivals.by_delay(connection, source, window)
    counted = delays((each["days"], each["files"], each["readings"]) for each in found)
    return Delays(source, counted, sum(each["reaching"] for each in found))


def share(seen: int, expected: int) -> Decimal:
    """Give a part in per cent, rounded down, so that 100 means all of it."""
    return round_exact(Fraction(100 * seen, expected), 2, Rounding.DOWN)


TEMPLATES.filters["share"] = share
