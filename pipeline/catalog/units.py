"""Units of measure, the catalog's and those that the API made: listed together, made and changed apart."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import ValidationError

from pipeline.catalog.catalog import Catalog
from pipeline.store import locks
from pipeline.store import units as kept
from transforms.catalog.units import Unit, contradiction
from transforms.errors import MeterbridgeError

NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_. %-]{0,48}[A-Za-z0-9_%])?")
ALIASES_MAX = 100
Code = Literal["invalid", "in_catalog", "exists", "unknown", "contradiction", "billed"]


class UnitRefusedError(MeterbridgeError):
    """A unit that cannot be made or changed so. `code` is what a program goes by, the message what a person reads."""

    def __init__(self, code: Code, message: str) -> None:
        """Refuse with a code and a sentence."""
        super().__init__(message)
        self.code = code


class StaleUnitError(MeterbridgeError):
    """A unit was changed after the catalog had been read; the message names it. Nothing was done."""


@dataclass(frozen=True)
class KnownUnit:
    """A unit and where it comes from."""

    uom: str
    unit: Unit
    source: Literal["catalog", "api"]


def create(store: sa.Engine, catalog: Catalog, uom: str, definition: Mapping[str, Any], *, by: str) -> KnownUnit:
    """Make a unit; UnitRefusedError when it is not right, or there is one of that name."""
    unit = _read(catalog, uom, definition)
    _check_name_is_free(catalog, uom)
    with store.begin() as connection:
        locks.exclusive(connection, locks.UNITS)
        _check(connection, catalog, uom, unit)
        if not kept.add(connection, uom, written(unit), by):
            raise UnitRefusedError("exists", f"unit {uom!r}: there is one of that name; change it instead")
        return _found(connection, uom)


def update(store: sa.Engine, catalog: Catalog, uom: str, definition: Mapping[str, Any], *, by: str) -> KnownUnit:
    """Give a unit another definition, whole; UnitRefusedError when it is not right, or is billed by the one it has."""
    unit = _read(catalog, uom, definition)
    with store.begin() as connection:
        for period in kept.periods(connection, uom):
            locks.exclusive(connection, period)  # no bill run takes the unit's usage meanwhile
        locks.exclusive(connection, locks.UNITS)
        before = _found(connection, uom).unit
        _check(connection, catalog, uom, unit)
        if _bills_otherwise(before, unit) and kept.is_billed(connection, uom):
            raise UnitRefusedError(
                "billed",
                f"unit {uom!r}: usage in it is billed, by its decimals, rounding and aliases as they are; billed again "
                "with late usage, it would come to another amount: make a unit of another name",
            )
        kept.change(connection, uom, written(unit), by)
        return _found(connection, uom)


def find(store: sa.Engine, catalog: Catalog, uom: str) -> KnownUnit | None:
    """Find a unit, of the catalog or made by the API."""
    if catalog.declares_unit(uom):
        return KnownUnit(uom, catalog.units.units[uom], "catalog")
    with store.begin() as connection:
        row = kept.find(connection, uom)
    return _known(row) if row else None


def listed(store: sa.Engine, catalog: Catalog) -> list[KnownUnit]:
    """List all units by name, each with where it comes from."""
    declared = {uom: unit for uom, unit in catalog.units.units.items() if catalog.declares_unit(uom)}
    found = [KnownUnit(uom, unit, "catalog") for uom, unit in declared.items()]
    with store.begin() as connection:
        found += [_known(row) for row in kept.all_units(connection) if row["uom"] not in declared]
    return sorted(found, key=lambda each: each.uom)


def made_units(store: sa.Engine) -> dict[str, Unit]:
    """Give the units that the API made, for the catalog to take in."""
    with store.begin() as connection:
        return {row["uom"]: _known(row).unit for row in kept.all_units(connection)}


def require_current_units(connection: sa.Connection, catalog: Catalog) -> None:
    """Refuse to bill by a unit that was changed since the catalog took it in: StaleUnitError."""
    for row in kept.all_units(connection):
        known = (catalog.made or {}).get(row["uom"])
        if known not in (None, _known(row).unit):
            raise StaleUnitError(f"unit {row['uom']!r} was changed meanwhile: make the bill run again")


def written(unit: Unit) -> dict[str, Any]:
    """Write a unit as units.yaml holds it: factors as text, exact."""
    return {
        "description": unit.description,
        "decimals": unit.decimals,
        "rounding": unit.rounding.value,
        "aliases": {alias: str(factor) for alias, factor in unit.aliases.items()},
    }


def _read(catalog: Catalog, uom: str, definition: Mapping[str, Any]) -> Unit:
    """Read a definition, and refuse a name or a definition that is not right, or that is the catalog's to change."""
    if catalog.declares_unit(uom):
        raise UnitRefusedError("in_catalog", f"unit {uom!r} stands in the catalog: change it in units.yaml")
    try:
        unit = Unit.model_validate(definition)
    except ValidationError as error:
        wrong = [(".".join(map(str, each["loc"])) or "the definition", each["msg"]) for each in error.errors()]
        found = "; ".join(f"{place}: {message}" for place, message in wrong)
        raise UnitRefusedError("invalid", f"unit {uom!r}: {found}") from error
    for name in (uom, *unit.aliases):
        if not NAME.fullmatch(name):
            raise UnitRefusedError(
                "invalid",
                f"{name!r} cannot name a unit: a letter, then letters, digits, _, -, . % or spaces, 50 in all at most",
            )
    if len(unit.aliases) > ALIASES_MAX:
        raise UnitRefusedError("invalid", f"unit {uom!r}: more than {ALIASES_MAX} aliases")
    return unit


def _check(connection: sa.Connection, catalog: Catalog, uom: str, unit: Unit) -> None:
    """Refuse a unit that says otherwise than others what something is worth."""
    others = {row["uom"]: _known(row).unit for row in kept.all_units(connection)} | catalog.units.units
    others.pop(uom, None)
    if found := contradiction(uom, unit, others):
        raise UnitRefusedError("contradiction", f"unit {uom!r}: {found}; use one worth, or another name")


def _check_name_is_free(catalog: Catalog, uom: str) -> None:
    """Refuse a name that differs from one of the catalog's only by its case: usage would be taken for the other's."""
    for name in catalog.units.units:
        if name != uom and name.lower() == uom.lower():
            raise UnitRefusedError("exists", f"unit {uom!r}: there is {name!r} already; use that name")


def _bills_otherwise(before: Unit, after: Unit) -> bool:
    """Tell whether what was billed would come to another amount; a description or one more alias changes nothing."""
    kept_aliases = all(after.aliases.get(alias) == factor for alias, factor in before.aliases.items())
    return (before.decimals, before.rounding) != (after.decimals, after.rounding) or not kept_aliases


def _found(connection: sa.Connection, uom: str) -> KnownUnit:
    row = kept.find(connection, uom)
    if row is None:
        raise UnitRefusedError("unknown", f"there is no unit {uom!r}: make it first")
    return _known(row)


def _known(row: sa.RowMapping) -> KnownUnit:
    return KnownUnit(row["uom"], Unit.model_validate(row["definition"]), "api")
