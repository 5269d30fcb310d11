"""The rules of a catalog as text that can be sealed, and a catalog made of that text alone."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.catalog.catalog import Catalog
from pipeline.catalog.documents import CatalogError
from pipeline.catalog.units import written
from transforms.catalog.charge import Charge
from transforms.catalog.meter import Meter
from transforms.catalog.source import Source
from transforms.catalog.units import Units
from transforms.quantities.scope import LookupRow
from transforms.upload.custom_field import CustomFields

Text = dict[str, Any]


class Rules(BaseModel):
    """What meters and charges are billed by, each part by its name, as the catalog writes it.

    The functions that a meter's `rule` names are code, and are not among them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: dict[str, Text]
    currencies: dict[str, Text]
    sources: dict[str, Text]
    charges: dict[str, Text]
    meters: dict[str, Text]
    lookups: dict[str, list[dict[str, str]]]
    custom_fields: dict[str, Text]


def seal_rules(catalog: Catalog, meters: Collection[str], charges: Collection[str]) -> Rules:
    """Take from a catalog what these meters and charges are billed by; CatalogError when it lacks one of them."""
    used = {name: catalog.meter(name) for name in sorted(meters)}
    named = {*charges, *(each.map.charge for each in used.values())}
    if gone := sorted(named - catalog.charges.keys()):
        raise CatalogError([f"charge {name!r} is billed, and not in the catalog: put it back" for name in gone])
    priced = {name: catalog.charges[name] for name in sorted(named)}
    sources = {each.source_name: catalog.source(each.source_name) for each in used.values()}
    lookups = {each.lookup for each in sources.values() if each.lookup is not None}
    return Rules(
        units={each.uom: written(catalog.units.units[each.uom]) for each in priced.values()},
        currencies={each.currency: _text(catalog.units.currencies[each.currency]) for each in priced.values()},
        sources={name: _text(each) for name, each in sources.items()},
        charges={name: _text(each) for name, each in priced.items()},
        meters={name: _text(each) for name, each in used.items()},
        lookups={name: [asdict(row) for row in catalog.lookups[name]] for name in sorted(lookups)},
        custom_fields={name: _text(each) for name, each in catalog.custom_fields.items()},
    )


def unseal_rules(rules: Rules) -> Catalog:
    """Make the catalog that rules were taken from, as far as they go."""
    return Catalog(
        units=Units.model_validate({"units": rules.units, "currencies": rules.currencies}),
        sources={name: Source.model_validate(each) for name, each in rules.sources.items()},
        charges={name: Charge.model_validate(each) for name, each in rules.charges.items()},
        meters={name: Meter.model_validate(each) for name, each in rules.meters.items()},
        lookups={name: [LookupRow(**row) for row in each] for name, each in rules.lookups.items()},
        custom_fields=CustomFields.model_validate({"custom_fields": rules.custom_fields}).custom_fields,
    )


def _text(part: BaseModel) -> Text:
    """Write a part of the catalog as it was written there: a default that was not stated stays unstated."""
    return part.model_dump(mode="json", exclude_unset=True)
