"""Units of measure."""

from fastapi import APIRouter

from pipeline.catalog import units
from pipeline.catalog.units import KnownUnit
from transforms.identity import LENGTH, digest
from web.documented import KEYED_OBJECTS, OBJECTS, Responses
from web.models.shape import ObjectDone, ObjectRefusal, PathId
from web.models.units import UnitFields, UnitObject, UnitObjects
from web.once import OnceRoute
from web.refusals import RefusedError
from web.services import Admin, Services, ServicesDep, Viewer

router = APIRouter(tags=["units of measure"], route_class=OnceRoute)
UNKNOWN: Responses = {404: {"model": ObjectRefusal, "description": "there is no such unit"}}
PATH = "/v1/object/unit-of-measure"


@router.get(PATH, responses=OBJECTS)
def list_units(services: ServicesDep, _caller: Viewer) -> UnitObjects:
    """List all units of measure, those of the catalog and those that were made by calls."""
    found = [_object(each) for each in units.listed(services.store, services.read_catalog())]
    return UnitObjects(records=found, size=len(found))


@router.get(PATH + "/{unit_id}", responses=OBJECTS | UNKNOWN)
def read_unit(services: ServicesDep, _caller: Viewer, unit_id: PathId) -> UnitObject:
    """Give a unit of measure."""
    return _object(_found(services, unit_id))


@router.post(PATH, responses=KEYED_OBJECTS)
def create_unit(services: ServicesDep, caller: Admin, fields: UnitFields) -> ObjectDone:
    """Create a unit of measure."""
    made = units.create(services.store, services.read_catalog(), fields.uom_name, _definition(fields), by=caller.name)
    return ObjectDone(id=_id(made.uom))


@router.put(PATH + "/{unit_id}", responses=KEYED_OBJECTS | UNKNOWN)
def change_unit(services: ServicesDep, caller: Admin, unit_id: PathId, fields: UnitFields) -> ObjectDone:
    """Give a unit that was made by a call another definition, whole; its name stays."""
    unit = _found(services, unit_id)
    if fields.uom_name != unit.uom:
        raise RefusedError(400, "INVALID_VALUE", f"UomName: a unit keeps its name, {unit.uom!r}; create another")
    units.update(services.store, services.read_catalog(), unit.uom, _definition(fields), by=caller.name)
    return ObjectDone(id=unit_id)


def _found(services: Services, unit_id: str) -> KnownUnit:
    for each in units.listed(services.store, services.read_catalog()):
        if _id(each.uom) == unit_id:
            return each
    raise RefusedError(404, "not_found", "there is no such unit of measure")


def _id(uom: str) -> str:
    return digest("unit of measure", uom)[:LENGTH]


def _definition(fields: UnitFields) -> dict[str, object]:
    """Write a unit as the catalog does."""
    return {
        "description": fields.displayed_as,
        "decimals": fields.decimal_places,
        "rounding": fields.rounding_mode.lower(),
        "aliases": fields.aliases,
    }


def _object(known: KnownUnit) -> UnitObject:
    unit = known.unit
    return UnitObject(
        id=_id(known.uom),
        uom_name=known.uom,
        decimal_places=unit.decimals,
        rounding_mode=unit.rounding.value.replace("_", " ").title().replace(" ", ""),
        displayed_as=unit.description or known.uom,
        aliases={alias: str(factor) for alias, factor in unit.aliases.items()},
    )
