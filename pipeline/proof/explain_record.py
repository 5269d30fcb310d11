"""Explain a usage record: from the rows of landed files, or of an uploaded file, to the quantity that is stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.layout import table
from pipeline.proof.placed import FileRow, Placed, placed_of
from pipeline.proof.remake import Remade, Sent, remake, remake_upload, situation_then
from pipeline.quantities.situation import Situation
from pipeline.store import lineage, usage
from transforms.catalog.customers import Account
from transforms.catalog.meter import CARRIED_IN, Meter
from transforms.exact import Rounding, round_exact
from transforms.figures import plain
from transforms.period import Period, instant
from transforms.readings.fate import Fate
from transforms.upload.columns import Column

REPEATS = (Fate.SAME_CONTENT, Fate.CONFLICTING, Fate.REPEATED, Fate.SUPERSEDED)
OUTSIDE = (Fate.OUTSIDE, Fate.BEFORE, Fate.AFTER)
COLUMNS = (("used", (Fate.USED,)), ("filtered", (Fate.FILTERED,)), ("repeats", REPEATS), ("outside", OUTSIDE))
APPROXIMATE = 12  # decimals of a fraction that has no end


@dataclass
class Told:
    """What is told of a figure, line by line, and where the stored one is not what was made again."""

    lines: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


@dataclass
class Explainer:
    """Explains records one by one; usage of one import is made again once."""

    store: sa.Engine
    catalog: Catalog
    home: Path
    accounts: Mapping[str, Account]
    _remade: dict[str, tuple[Situation, dict[str, Remade]]] = field(default_factory=dict)
    _uploads: dict[str, dict[str, Sent]] = field(default_factory=dict)

    def record(self, row: sa.RowMapping) -> Told:
        """Tell how a record came to its quantity."""
        told = Told([f"usage record {row['record_id']}: {plain(row['quantity'])} {row['uom']}, {row['status']}"])
        told.lines += _import_lines(row)
        with self.store.begin() as connection:
            changes = lineage.changes(connection, row["record_id"])
        for each in changes:
            told.lines.append(f"  changed by hand by {each['changed_by']} at {each['changed_at']:%Y-%m-%d %H:%M}: "
                              f"{each['reason']}; taken as it is")  # fmt: skip
        if changes or row["import_source_type"] == "API":
            told.lines.append(f"  stored: {plain(row['quantity'])}, taken as it is: there is nothing to make it from")
            return told
        made = (self._of_meter if row["import_source_type"] == "Meter" else self._of_file)(row, told)
        _compare(row, made, told)
        return told

    def _of_meter(self, row: sa.RowMapping, told: Told) -> Decimal:
        """Derive and map again what stands behind a record; what an adjustment corrects comes off."""
        situation, remade = self._again(row)
        key, before = row["record_key"], Decimal(0)
        if row["corrects"] is not None:
            with self.store.begin() as connection:
                key, before = lineage.corrected(connection, row["period"], row["record_id"], row["corrects"])
        found = remade.get(key)
        attributes = found.quantity.attributes if found else {}
        told.lines += self._rule(situation, row)
        placed = placed_of(situation, self.home, row["charge_number"], attributes)
        told.lines += self._files(situation, placed)
        told.lines += self._rows(situation, placed, row["account_number"])
        told.lines += _figures(self.catalog, situation.meter, found)
        made = found.record.quantity if found else Decimal(0)
        if row["corrects"] is not None:
            told.lines.append(f"  corrects record {row['corrects']}: {plain(made)} now, {plain(before)} before")
        return made - before

    def _again(self, row: sa.RowMapping) -> tuple[Situation, dict[str, Remade]]:
        if (known := self._remade.get(row["import_id"])) is None:
            with self.store.begin() as connection:
                files = usage.import_file_ids(connection, row["import_id"])
            meter, period = self.catalog.meter(row["import_meter"]), Period.parse(row["period"])
            situation = situation_then(self.store, self.catalog, meter, period, files)
            known = situation, remake(self.store, self.catalog, situation, self.home)
            self._remade[row["import_id"]] = known
        return known

    def _rule(self, situation: Situation, row: sa.RowMapping) -> Iterator[str]:
        rule = situation.meter.derive.model_dump(mode="json", exclude_unset=True)
        wanted, function = rule.pop("filter", None), rule.pop("function")
        more = ", ".join(f"{name} {value}" for name, value in rule.items())
        yield f"  rule: {function} of source {situation.source.source}" + (f" ({more})" if more else "")
        yield "  filter: " + (", ".join(f"{name} {value}" for name, value in wanted.items()) if wanted else "none")
        yield f"  duplicates: {situation.source.duplicates.value}"
        zone = self.accounts[row["account_number"]].time_zone
        covered = [each.covered for each in situation.targets if each.charge_number == row["charge_number"]]
        for window in covered:
            start, end = (each.astimezone(ZoneInfo(zone)).isoformat() for each in (window.start, window.end))
            carried = "; the reading before it is carried in" if situation.meter.derive.function in CARRIED_IN else ""
            yield f"  window: [{start}, {end}), on the account's clock, {zone}{carried}"

    def _files(self, situation: Situation, placed: Placed) -> Iterator[str]:
        """Tell which files hold rows of the charge, and what became of these."""
        mine = _numbered(situation, placed)
        with self.store.begin() as connection:
            raw = lineage.raw_files(connection, situation.source.source, list(mine))
        paths = {file.file_id: file.path for file in situation.files}
        for file_id, number in mine.items():
            yield f"  file {number}: {paths[file_id]}"
            yield from (f"    from {uri}, sha256 {sha256}" for uri, sha256 in raw[file_id])
            counts = placed.counts[file_id]
            told = ", ".join(f"{sum(counts.get(fate, 0) for fate in fates)} {name}" for name, fates in COLUMNS)
            yield f"    rows of this charge: {told}"
        if others := len(situation.files) - len(mine):
            yield f"  files without a row of this charge: {others}"

    def _rows(self, situation: Situation, placed: Placed, account_number: str) -> Iterator[str]:
        numbers, zone = _numbered(situation, placed), ZoneInfo(self.accounts[account_number].time_zone)
        if placed.first:
            yield "  the first and last rows used:"
            rows = [_shown(each, numbers, zone) for each in (*placed.first, *placed.last)]
            yield table(("  file", "row", "at", "value"), rows)

    def _of_file(self, row: sa.RowMapping, told: Told) -> Decimal | None:
        """Read the uploaded file again; None where no row of it comes to the record."""
        if (known := self._uploads.get(row["import_id"])) is None:
            known = remake_upload(self.store, self.catalog, row["import_id"], self.home)
            self._uploads[row["import_id"]] = known
        found = known.get(row["record_key"])
        if found is None:
            return None
        sent, record = found
        told.lines.append(f"  file: {row['import_file_name']}, row {sent.number}, line {sent.line}")
        told.lines.append(f"  sent: {'' if sent.quantity is None else plain(sent.quantity)} {sent.text(Column.UOM)}")
        return record.quantity if record else None


def _numbered(situation: Situation, placed: Placed) -> dict[str, int]:
    """Give each file that holds rows of the charge a number."""
    mine = (file.file_id for file in situation.files if file.file_id in placed.counts)
    return {file_id: number for number, file_id in enumerate(mine, start=1)}


def _import_lines(row: sa.RowMapping) -> Iterator[str]:
    ways = {"Meter": f"meter {row['import_meter']}", "File": "an uploaded file", "API": "a call of the API"}
    loaded = f"{row['import_created_at']:%Y-%m-%d %H:%M} UTC by {row['import_created_by']}"
    yield f"  import {row['import_id']}: from {ways[row['import_source_type']]}, {loaded}"
    if row["import_reason"]:
        yield f"  reason: {row['import_reason']}"


def _figures(catalog: Catalog, meter: Meter, found: Remade | None) -> Iterator[str]:
    if found is None:
        yield "  derived: no reading counts"
        return
    factor, rounding = catalog.factor(meter), meter.map.rounding
    exact = found.quantity.exact
    yield f"  derived: {exact_text(exact)} {meter.map.unit}, of {found.quantity.readings} readings"
    yield f"  factor: times {factor} is {exact_text(exact * factor)} {catalog.uom(meter)}"
    yield f"  rounded: {plain(found.record.quantity)}, to {rounding.decimals} decimals, {rounding.mode.value}"


def _compare(row: sa.RowMapping, made: Decimal | None, told: Told) -> None:
    stored, again = plain(row["quantity"]), "nothing" if made is None else plain(made)
    if made == row["quantity"]:
        told.lines.append(f"  stored: {stored}, as made again")
        return
    told.lines.append(f"  stored: {stored}, but made again it is {again}")
    told.differences.append(
        f"record {row['record_id']}: stored {stored}, made again {again}; the rules or the customers were changed "
        "since, or a file is damaged"
    )


def _shown(each: FileRow, numbers: Mapping[str, int], zone: ZoneInfo) -> tuple[str, ...]:
    at = instant(each.at_us).astimezone(zone).isoformat()
    return (f"  {numbers[each.file_id]}", str(each.row), at, plain(each.value))


def exact_text(value: Fraction) -> str:
    """Write a fraction as the decimal that it is, or as a fraction with the decimal that is near."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1:  # its decimals are no more than the twos and fives of its denominator
        return plain(round_exact(value, value.denominator.bit_length(), Rounding.HALF_UP))
    return f"{value} (about {plain(round_exact(value, APPROXIMATE, Rounding.HALF_UP))})"
