"""Validate usage before it is loaded: the profile of the files behind it, and every record."""

from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from expectations import readings as readings_border
from expectations import usage as usage_border
from pipeline import artefact
from pipeline.catalog.catalog import Catalog
from pipeline.store import manifest, overview, quarantine
from pipeline.usage.map import read_usage
from pipeline.usage.validate import Verdict, validate
from transforms.catalog.meter import Meter
from transforms.catalog.source import Source
from transforms.errors import MeterbridgeError
from transforms.lists import first_few
from transforms.period import Period
from transforms.rating.unpriced import judge as judge_price
from transforms.usage.coverage import Judgement, gaps_told, judge
from transforms.usage.usage import UsageRecord

QUARANTINED = pa.schema([("record_key", pa.string()), ("reason", pa.string())])
PROFILE = ["file_id", "uri", "rows", "readings", "quarantined", "left_out", "at_us_min", "at_us_max"]
FILES_NAMED = 5  # of those of which all is quarantined


class ValidationFailedError(MeterbridgeError):
    """What is to be loaded cannot be trusted as a whole; the message says what does not hold; see the report."""


def validate_usage(store: sa.Engine, catalog: Catalog, usage: Path, home: Path) -> Path:
    """Validate a usage artefact; gives the path of the verdict: which records are quarantined, and why.

    ValidationFailedError when the files behind it or the records as a whole break an expectation.
    """
    records, about = read_usage(usage)
    meter = catalog.meter(about["meter"])
    profiled, checked = _validated(store, catalog, records, about, home)
    require(profiled, "" if profiled.passed else _quarantined(store, meter.source_name))
    require(checked)
    unread = _in_no_period(store, catalog.source(meter.source_name), about)
    coverage = _coverage(records, about, meter)
    reasons = coverage.held | {records[index].record_key: reason for index, reason in checked.reasons.items()}
    sound = (record for record in records if record.record_key not in reasons)
    unpriced, at_list_price = judge_price(sound, catalog.charge_of(meter).pricing)
    found = [{"record_key": key, "reason": reason} for key, reason in sorted((reasons | unpriced).items())]
    verdict = {
        "usage": usage.name,
        "validation": [profiled.results, checked.results],
        "docs": _page(checked, home),
        "warnings": [*unread, *coverage.warnings, *gaps_told(about["gaps"]), *at_list_price],
    }
    table = pa.Table.from_pylist(found, schema=QUARANTINED)
    return artefact.write(usage.parent, "verdict", table, verdict)


def _validated(
    store: sa.Engine, catalog: Catalog, records: list[UsageRecord], about: dict[str, Any], home: Path
) -> tuple[Verdict, Verdict]:
    """Hold the profile of the landed files, and every record, against their suites."""
    source = catalog.source(catalog.meter(about["meter"]).source_name)
    with store.begin() as connection:
        rows = manifest.profile(connection, source.source, about["files"])
    docs, name = home / "data_docs", f"{about['meter']}-{about['period']}"
    suite = readings_border.suite(source.quarantine_limit)
    profiled = validate(_profile(rows), suite, docs, f"readings-{name}")
    return profiled, validate(_frame(records), usage_border.suite(catalog.units.units), docs, f"usage-{name}")


def _coverage(records: list[UsageRecord], about: dict[str, Any], meter: Meter) -> Judgement:
    """Judge the coverage by the meter's policy; ValidationFailedError where that stops the meter."""
    coverage = judge(records, about["silent"], meter.coverage)
    if coverage.failures:
        told = "; ".join(coverage.failures)
        raise ValidationFailedError(
            f"meter {meter.meter}, period {about['period']}: the readings do not cover it: {told}"
        )
    return coverage


def require(verdict: Verdict, besides: str = "") -> None:
    """Refuse a table that breaks an expectation as a whole."""
    if not verdict.passed:
        report = f"; see {verdict.docs}" if verdict.docs else ""
        raise ValidationFailedError(f"{'; '.join(verdict.failures)}{besides}{report}")


def _quarantined(store: sa.Engine, source: str) -> str:
    """Name the reasons for which a source's rows are quarantined: a wrong stamp asks for another mend than no value."""
    with store.begin() as connection:
        found = overview.quarantined_rows_by_reason(connection, source)
    told = ", ".join(f"{row['rows']} as {row['reason']}" for row in found)
    return f"; quarantined of {source}: {told}" if told else ""


def _in_no_period(store: sa.Engine, source: Source, about: dict[str, Any]) -> list[str]:
    """Warn of files that came since the period began and hold no reading: nobody can tell which period they are of."""
    since = Period.parse(about["period"]).window(source.time.zone).start
    with store.begin() as connection:
        found = quarantine.without_a_reading(connection, source.source, since)
    named = first_few([f"{uri} ({reason})" for uri, reason in found], FILES_NAMED)
    return [f"no reading came of files that may be of the period: {named}"] if found else []


def _page(verdict: Verdict, home: Path) -> str:
    return verdict.docs.relative_to(home).as_posix() if verdict.docs else ""


def _profile(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=PROFILE)
    shares = [Decimal(row["quarantined"]) / max(row["rows"] - row["left_out"], 1) for row in rows]
    return frame.assign(quarantined_share=pd.Series(shares, index=frame.index, dtype=object))


def _frame(records: list[UsageRecord]) -> pd.DataFrame:
    """Put records into a frame whose quantities stay Decimal."""
    frame = pd.DataFrame([asdict(record) for record in records])
    return frame.astype({"quantity": object}) if records else frame
