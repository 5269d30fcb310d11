"""Trace a raw row forward: to the usage record and the rated items that it ended in, or to where else it is."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.proof.placed import reading_of, row_of
from pipeline.quantities.moved import targets_then
from pipeline.quantities.situation import Situation, situation_of
from pipeline.store import customers, ledger, lineage, usage
from transforms.catalog.columns import attribute_column
from transforms.catalog.units import Units
from transforms.errors import MeterbridgeError
from transforms.figures import plain
from transforms.identity import record_key
from transforms.period import Period, instant
from transforms.quantities.place import shares_of
from transforms.quantities.scope import Target
from transforms.readings.fate import LEDGER, LEFT_OUT, Fate
from transforms.readings.readings import SEPARATOR


class UnknownRowError(MeterbridgeError):
    """No file of the source is known by this name, or it has no such row."""


def trace(store: sa.Engine, catalog: Catalog, source: str, file: str, row: int, home: Path) -> list[str]:
    """Tell where a row of a raw file is; `file` is its path as it arrived, or the id of what it landed as.

    UnknownRowError when the source has no such file or the file no such row.
    """
    catalog.source(source)
    with store.begin() as connection:
        arrived = lineage.arrived(connection, source, file)
        if arrived and arrived["reason"]:
            return list(_refused(arrived, file))
        landed = lineage.landed(connection, source, arrived["file_id"] if arrived else file)
        if landed is None:
            raise UnknownRowError(f"source {source} has no file {file!r}; give its path in the inbox, or its file id")
        rejected = lineage.quarantined(connection, source, landed["file_id"], row)
    by = landed["replaced_by"]
    again = [f"{file} was read again under other rules, and stands now as file {by}"] if by else []
    return [*again, *(_no_reading(rejected, file) if rejected else _read(store, catalog, landed, row, home))]


def _refused(arrived: sa.RowMapping, file: str) -> Iterator[str]:
    """Tell why a file is quarantined whole, and who says that it is to stay so."""
    yield f"{file} is quarantined whole: {arrived['reason']}"
    if arrived["dismissed_by"]:
        yield f"  dismissed by {arrived['dismissed_by']}: {arrived['dismissed_reason']}"


def _no_reading(rejected: sa.RowMapping, file: str) -> Iterator[str]:
    """Tell why a row is none, and what stood there."""
    reason, by = rejected["reason"], f"left out as no reading, by leave_out of source {rejected['source']}"
    yield f"row {rejected['row']} of {file} is {by if reason == LEFT_OUT else f'quarantined since it landed: {reason}'}"
    yield f"  it reads {rejected['raw'].replace(SEPARATOR, ', ')!r}"


def _read(store: sa.Engine, catalog: Catalog, landed: sa.RowMapping, row: int, home: Path) -> Iterator[str]:
    """Tell what a row reads, and what became of it in every meter and period that has looked at its instant."""
    found = reading_of(catalog.source(landed["source"]), lineage.as_file(landed), home, row)
    if found is None:
        raise UnknownRowError(
            f"file {landed['path']} has no row {row}; row 1 is the first data row of the raw file, a sheet's rows bear "
            "the numbers that the spreadsheet shows, and where a row holds a day 1007 is the seventh interval of row 1"
        )
    whose = "/".join(filter(None, (found["account"], found["subscription"])))
    yield f"row {row}: {plain(found['value'])} of {whose} at {instant(found['at_us']).isoformat()}"
    yield f"  landed as file {landed['file_id']}"
    told = [line for each in _placed(store, catalog, landed, found, home) for line in each]
    yield from told or ["  in no ledger: no meter has loaded a period that holds it"]


def _placed(
    store: sa.Engine, catalog: Catalog, landed: sa.RowMapping, found: Mapping[str, Any], home: Path
) -> Iterator[Iterable[str]]:
    with store.begin() as connection:
        ledgers = lineage.ledgers_at(connection, landed["source"], found["at_us"])
        known = {each: lineage.files_of_ledger(connection, *each) for each in ledgers}
    for (meter, period), files in known.items():
        situation = situation_of(store, catalog, catalog.meter(meter), Period.parse(period), replaced=files)
        situation = situation.only(files | {landed["file_id"]})
        placed = row_of(situation, home, landed["file_id"], found["row"])
        if placed is not None and placed["fate"] not in {Fate.BEFORE, Fate.AFTER}:
            yield _at(store, catalog, situation, placed, known=landed["file_id"] in files)


def _at(
    store: sa.Engine, catalog: Catalog, situation: Situation, found: Mapping[str, Any], *, known: bool
) -> Iterator[str]:
    """Tell what became of a row of a meter's period."""
    where = f"  meter {situation.meter.meter}, period {situation.period}"
    target = None if found["slot"] is None else situation.targets[found["slot"]]
    if not known:
        yield f"{where}: it landed after the period was loaded; the meter's next run takes it in"
    elif _has_moved(store, catalog, situation, found):
        yield (
            f"{where}: a subscription was changed since the period was loaded; the meter's next run sees to it, unless "
            "the period is closed or what is billed may not be adjusted"
        )
    elif found["fate"] != Fate.USED or target is None:
        yield f"{where}: {_elsewhere(situation, found, target)}"
    elif _is_left_out(store, situation, found):
        yield (
            f"{where}: it had no charge when the period was loaded; the meter's next run takes it in, unless what is "
            "billed may not be adjusted"
        )
    else:
        yield f"{where}: used for charge {target.charge_number}"
        yield from _records(store, catalog.units, situation, found, target)


def _has_moved(store: sa.Engine, catalog: Catalog, situation: Situation, found: Mapping[str, Any]) -> bool:
    """Tell whether another charge has a row, or none, than when its period was loaded."""
    meter, period = situation.meter, situation.period
    name = (found["account"], found["subscription"])
    with store.begin() as connection:
        since = customers.changes_since(connection, ledger.changes_seen(connection, meter.meter, period)).values()
        known = customers.everybody(connection)
        then = targets_then(connection, catalog, meter, period, known, since).get(name)
    return then is not None and _charge_at(then, found) != _charge_at(situation.scope[name], found)


def _charge_at(target: Target, found: Mapping[str, Any]) -> str | None:
    """Name the charge that has a row of a name with this target, if any has."""
    covers = (share.target for share in shares_of(target))
    at_us = found["at_us"]
    return next((each.charge_number for each in covers if each.covered.start_us <= at_us < each.covered.end_us), None)


def _is_left_out(store: sa.Engine, situation: Situation, found: Mapping[str, Any]) -> bool:
    """Tell whether a row that is used by now led to no charge when its period was loaded."""
    with store.begin() as connection:
        left_out = ledger.strangers(connection, situation.meter.meter, situation.period)
    return (found["account"], found["subscription"]) in left_out


def _elsewhere(situation: Situation, found: Mapping[str, Any], target: Target | None) -> str:
    if target is None:
        known = found["account"] in {account for account, _ in situation.scope}
        return f"quarantined, unknown_{'subscription' if known else 'account'}"
    place, reason = LEDGER.get(Fate(found["fate"]), ("quarantined", target.refusal))
    return f"{place}, {reason}"


def _records(
    store: sa.Engine, units: Units, situation: Situation, found: Mapping[str, Any], target: Target
) -> Iterator[str]:
    """Tell which record counts the row, which correct that one, and what billed them."""
    meter, period = situation.meter, str(situation.period)
    attributes = {name: found[attribute_column(name)] for name in meter.derive.group_by}
    key = record_key(target.charge_number, target.covered.start_us, attributes)
    with store.begin() as connection:
        records = lineage.made_of(connection, meter.meter, period, key, found["file_id"])
        if not records:
            yield f"    {_no_record(connection, situation, key, found['file_id'])}"
        for number, record in enumerate(records):
            told = (
                f"corrected by usage record {record['record_id']}" if number else f"usage record {record['record_id']}"
            )
            yield f"    {told}: {plain(record['quantity'])} {record['uom']}, {record['status']}"
            for item in lineage.items_of(connection, period, [record["record_id"]]):
                yield f"      item {item['item_id']}: {units.with_currency(item['amount'], item['currency'])}"


def _no_record(connection: sa.Connection, situation: Situation, key: str, file_id: str) -> str:
    """Say why no record stands for a row that is used."""
    active = usage.active_import(connection, usage.slot_of(situation.meter.meter, situation.period))
    if active is None:
        return "no usage of the period is loaded"
    if file_id not in usage.import_file_ids(connection, active.import_id):
        return "late: what is billed may not be adjusted, so it stands as it was billed"
    if gone := lineage.deleted(connection, active.import_id, key):
        return f"its record was deleted by {gone['changed_by']}: {gone['reason']}"
    return "its record was set aside by the validation: the ledger says why (`meterbridge status`)"
