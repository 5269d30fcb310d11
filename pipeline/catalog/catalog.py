"""The catalog as a whole: units, lookups, custom fields, sources, charges and meters, checked against each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from pipeline.catalog.contributing import contribution_problems
from pipeline.catalog.decision_tables import with_table
from pipeline.catalog.documents import CatalogError, Document
from pipeline.catalog.known import check_file_name, check_known, find, strays
from pipeline.catalog.lookups import read_lookup
from transforms.catalog.charge import Charge
from transforms.catalog.meter import Meter
from transforms.catalog.prepaid import Prepaid
from transforms.catalog.source import Source
from transforms.catalog.units import Unit, Units
from transforms.custom import RULES
from transforms.period import Period
from transforms.quantities.scope import LookupRow
from transforms.upload.custom_field import CustomField, CustomFields, Kind

NONE_MADE: Mapping[str, Unit] = MappingProxyType({})


@dataclass
class Catalog:
    """What is billed. Every part is keyed by its name; `problems` says what is left out, and why.

    `made` are the units that the API made, beside those of units.yaml; None where there is no store to ask for them.
    """

    units: Units
    sources: dict[str, Source] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)
    meters: dict[str, Meter] = field(default_factory=dict)
    lookups: dict[str, list[LookupRow]] = field(default_factory=dict)
    custom_fields: dict[str, CustomField] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    made: Mapping[str, Unit] | None = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path, made: Mapping[str, Unit] | None = NONE_MADE) -> "Catalog":
        """Read all that is right in the catalog, and list in `problems` what is not.

        Without a store (`made` is None) a charge may count in a unit that nobody knows: the API may have made it.
        """
        document = _read(folder / "units.yaml")
        catalog = cls(document.as_model(Units))
        catalog._take_in(made, document)
        catalog.problems += strays(folder)
        for path in sorted((folder / "lookups").glob("*.csv")):
            catalog._attempt_lookup(path)
        for path in folder.glob("custom_fields.yaml"):
            catalog._attempt_read(path, catalog._add_custom_fields)
        catalog._collect(folder / "sources", catalog._add_source)
        catalog._collect_charges(folder / "charges")
        documents = catalog._collect(folder / "meters", catalog._add_own_source)
        for document in documents:
            catalog._attempt(catalog._add_meter, document)
        return catalog

    @classmethod
    def read(cls, folder: Path, made: Mapping[str, Unit] | None = NONE_MADE) -> "Catalog":
        """Read the catalog; CatalogError lists every problem, each with file and line."""
        catalog = cls.load(folder, made)
        if catalog.problems:
            raise CatalogError(catalog.problems)
        return catalog

    def of(self, period: Period) -> "Catalog":
        """Give the catalog with the prices of the billing periods that start when this one does."""
        return replace(self, charges={name: charge.of(period.start) for name, charge in self.charges.items()})

    def meter(self, name: str) -> Meter:
        """Find a meter; CatalogError suggests the nearest name, and tells what is left out of the catalog."""
        return find(self.meters, name, "meter", self.problems)

    def source(self, name: str) -> Source:
        """Find a source, declared on its own or by a meter; CatalogError as of a meter."""
        return find(self.sources, name, "source", self.problems)

    def charge_of(self, meter: Meter) -> Charge:
        """Give the charge that a meter's usage is billed by."""
        return self.charges[meter.map.charge]

    def uom(self, meter: Meter) -> str:
        """Tell the unit of measure that a meter's usage bears: its charge's."""
        return self.charge_of(meter).uom

    def factor(self, meter: Meter) -> Fraction:
        """Tell what a derived value is multiplied by to count the charge's unit."""
        return meter.map.factor or self.units.factor(meter.map.unit, self.uom(meter))

    def lookup(self, meter: Meter, accounts: set[str] | None = None) -> list[LookupRow] | None:
        """Give the rows that tell whose a meter's readings are, all or some; None where its source names accounts."""
        if (name := self.source(meter.source_name).lookup) is None:
            return None
        return [row for row in self.lookups[name] if accounts is None or row.account_number in accounts]

    def declares_unit(self, uom: str) -> bool:
        """Tell whether a unit stands in units.yaml; a unit of both is the catalog's."""
        return uom in self.units.units and uom not in (self.made or {})

    def _take_in(self, made: Mapping[str, Unit] | None, document: Document) -> None:
        """Put the units that the API made beside the catalog's; the catalog's own win, and a clash is a problem."""
        declared = self.units.units
        for uom in sorted(declared.keys() & (made or {})):
            if made and made[uom] != declared[uom]:
                text = f"units.{uom} was made by the API as well, with another definition; write it here as it is there"
                self.problems.append(document.problem(("units", uom), text))
        self.made = None if made is None else {uom: unit for uom, unit in made.items() if uom not in declared}
        self.units = self.units.model_copy(update={"units": {**(self.made or {}), **declared}})

    def _attempt_lookup(self, path: Path) -> None:
        try:
            self.lookups[path.stem] = read_lookup(path)
        except CatalogError as error:
            self.problems += error.problems

    def _collect(self, folder: Path, add: Callable[[Document], None]) -> list[Document]:
        """Add every file of a folder; return those that were right."""
        return [document for path in sorted(folder.glob("*.yaml")) if (document := self._attempt_read(path, add))]

    def _collect_charges(self, folder: Path) -> None:
        """Add every charge, and leave out again which the others do not go with."""
        documents = self._collect(folder, self._add_charge)
        for check in (self._check_drawdown, self._check_contributions):
            for name, document in [(each.path.stem, each) for each in documents if each.path.stem in self.charges]:
                if not self._attempt(check, document):
                    del self.charges[name]

    def _attempt_read(self, path: Path, add: Callable[[Document], None]) -> Document | None:
        try:
            document = _read(path)
        except CatalogError as error:
            self.problems += error.problems
            return None
        return document if self._attempt(add, document) else None

    def _attempt(self, add: Callable[[Document], None], document: Document) -> bool:
        try:
            add(document)
        except CatalogError as error:
            self.problems += error.problems
            return False
        return True

    def _add_source(self, document: Document) -> None:
        source = document.as_model(Source)
        check_file_name(document, "source", source.source)
        self._check_lookup(document, source)
        self.sources[source.source] = source

    def _add_own_source(self, document: Document) -> None:
        """Make a source known that a meter declares for itself, before any meter looks for it."""
        meter = document.as_model(Meter)
        check_file_name(document, "meter", meter.meter)
        if isinstance(meter.source, Source):
            if meter.source.source in self.sources:
                raise CatalogError(
                    [document.problem(("source",), f"source {meter.source.source!r} is declared elsewhere")]
                )
            self._check_lookup(document, meter.source, "source")
            self.sources[meter.source.source] = meter.source

    def _check_lookup(self, document: Document, source: Source, *place: str) -> None:
        if source.lookup is not None:
            check_known(document, (*place, "lookup"), source.lookup, self.lookups)

    def _add_custom_fields(self, document: Document) -> None:
        found = document.as_model(CustomFields).custom_fields
        for name, each in found.items():
            if (each.kind is Kind.CHOICE) != bool(each.values):
                text = "kind: choice and its values go together; give both, or neither"
                raise CatalogError([document.problem(("custom_fields", name), f"custom_fields.{name}: {text}")])
        self.custom_fields = found

    def _add_charge(self, document: Document) -> None:
        charge = with_table(document).as_model(Charge)
        check_file_name(document, "charge", charge.charge)
        if self.made is not None:
            check_known(document, ("uom",), charge.uom, self.units.units)
            if charge.drawdown is not None:
                check_known(document, ("drawdown", "uom"), charge.drawdown.uom, self.units.units)
        check_known(document, ("currency",), charge.currency, self.units.currencies)
        for name in charge.price_fields if self.custom_fields else ():
            check_known(document, ("pricing",), name, self.custom_fields)
        self.charges[charge.charge] = charge

    def _check_drawdown(self, document: Document) -> None:
        """Refuse a charge that draws prepaid units which no charge sells: all its usage would be priced."""
        sold = {charge.uom for charge in self.charges.values() if isinstance(charge.pricing, Prepaid)}
        if (drawdown := self.charges[document.path.stem].drawdown) is not None:
            check_known(document, ("drawdown", "uom"), drawdown.uom, sold, "sold by no prepaid charge")

    def _check_contributions(self, document: Document) -> None:
        """Refuse a commitment to which other charges cannot contribute as it says."""
        if problems := list(contribution_problems(document, self.charges)):
            raise CatalogError(problems)

    def _add_meter(self, document: Document) -> None:
        meter = document.as_model(Meter)
        check_known(document, ("source",), meter.source_name, self.sources)
        check_known(document, ("map", "charge"), meter.map.charge, self.charges)
        self._check_charge(document, meter, self.charges[meter.map.charge])
        self._check_derivation(document, meter, self.sources[meter.source_name])
        self._check_unit(document, meter)
        self.meters[meter.meter] = meter

    def _check_charge(self, document: Document, meter: Meter, charge: Charge) -> None:
        if not charge.takes_usage:
            text = f"map.charge: {charge.charge!r} takes no usage of its own: its model is {charge.pricing.model}"
            raise CatalogError([document.problem(("map", "charge"), text)])
        for name in charge.price_fields:
            check_known(document, ("map", "custom_fields"), name, meter.map.custom_fields, "not filled by the meter")

    def _check_derivation(self, document: Document, meter: Meter, source: Source) -> None:
        for name in sorted(meter.derive.attributes):
            check_known(
                document, ("derive",), name, source.columns.attributes, f"no attribute of source {source.source}"
            )
        if meter.derive.rule is not None:
            check_known(document, ("derive", "rule"), meter.derive.rule, RULES)
        if misfit := meter.misfit(source):
            raise CatalogError([document.problem((misfit[0],), misfit[1])])

    def _check_unit(self, document: Document, meter: Meter) -> None:
        uom = self.uom(meter)
        if meter.map.factor is None and uom in self.units.units:
            check_known(
                document, ("map", "unit"), meter.map.unit, {uom, *self.units.units[uom].aliases}, f"no unit of {uom!r}"
            )


def _read(path: Path) -> Document:
    try:
        return Document.read(path)
    except FileNotFoundError as error:  # of a link that leads nowhere, too
        raise CatalogError([f"{path} is missing; see to METERBRIDGE_CATALOG, the catalog's folder"]) from error
