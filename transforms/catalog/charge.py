"""A charge of the catalog: what is billed, in which unit and currency, and by which charge model."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from transforms.catalog.commitment import Commitment
from transforms.catalog.decision_table import Dynamic
from transforms.catalog.definition import Definition, Exact, Name
from transforms.catalog.field_name import FieldName
from transforms.catalog.models import DRAWN, GROUPED, INDIVIDUAL, OWED_BY_PERIOD, WITHOUT_USAGE, Pricing, words_of
from transforms.catalog.prepaid import Drawdown, Prepaid
from transforms.catalog.price_change import PriceChange, change_problems, pricing_on
from transforms.catalog.pricing import FlatFee, PreRatedPerUnit, PreRatedTotal, Tiered


class RatingGroup(StrEnum):
    """Which usage of a billing period is added up before it meets the price."""

    BILLING_PERIOD = "billing_period"
    START_DATE = "start_date"
    RECORD = "record"
    UPLOAD = "upload"
    GROUP_ID = "group_id"  # the text of a custom field, which the charge names as `group_field`


class BillingPeriod(StrEnum):
    """How long a charge's billing periods are."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


class Alignment(StrEnum):
    """When a charge's billing periods begin."""

    CALENDAR = "calendar"  # with calendar months, quarters and so on, on the account's bill cycle day
    ANNIVERSARY = "anniversary"  # on the day and month in which the subscribed charge itself started


class Timing(StrEnum):
    """When usage may be billed."""

    END_OF_PERIOD = "end_of_period"
    ON_DEMAND = "on_demand"  # also before that: what started before the target date of a bill run


class UomValidation(StrEnum):
    """What becomes of uploaded usage in another unit of measure than the charge's."""

    ACCEPT = "accept"  # it is loaded, and no bill run picks it up: the preflight reports it
    REJECT = "reject"  # the upload is refused, as the billing platform does for prepaid, unbilled and committed usage


class NegativeUsage(StrEnum):
    """Whether usage may be below zero: corrections of what is billed may need that."""

    REFUSE = "refuse"
    ALLOW = "allow"


class RateRecords(StrEnum):
    """How the records of a rating group meet the price; their amounts are rounded once together, or each for itself."""

    TOGETHER = "together"
    INDIVIDUALLY = "individually"


FLAT_FEE_UOM = "each"


class Charge(Definition):
    """The content of one file of `catalog/charges/`; an unknown model or option is refused when it is read."""

    charge: Name
    description: str = ""
    uom: str
    currency: str
    billing_period: BillingPeriod = BillingPeriod.MONTH
    alignment: Alignment = Alignment.CALENDAR
    rating_group: RatingGroup = RatingGroup.BILLING_PERIOD
    group_field: FieldName | None = None
    rate_records: RateRecords = RateRecords.TOGETHER
    timing: Timing = Timing.END_OF_PERIOD
    uom_validation: UomValidation = UomValidation.ACCEPT
    negative_usage: NegativeUsage = NegativeUsage.REFUSE
    unbilled_above: tuple[Annotated[Exact, Field(gt=0)], ...] = ()
    pricing: Pricing
    price_changes: tuple[PriceChange, ...] = ()
    drawdown: Drawdown | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if problem := next(filter(None, _problems(self)), None):
            raise ValueError(problem)
        return self

    def of(self, day: date) -> Self:
        """Give the charge as it prices the billing periods that start on a day: with that one pricing."""
        if not self.price_changes:
            return self
        pricing = pricing_on(self.pricing, self.price_changes, day)
        return self.model_copy(update={"pricing": pricing, "price_changes": ()})

    @property
    def takes_usage(self) -> bool:
        """Whether usage can be its: what is prepaid, or committed, is about the usage of other charges."""
        return not isinstance(self.pricing, WITHOUT_USAGE)

    @property
    def owed_by_period(self) -> bool:
        """Whether a billing period is owed because it is subscribed to: its fee, whether or not there is usage."""
        return isinstance(self.pricing, OWED_BY_PERIOD)

    @property
    def takes_off(self) -> bool:
        """Whether a meter's record below 0 comes off its others: allowed, and added up with them before the price."""
        return self.negative_usage is NegativeUsage.ALLOW and self.rating_group is RatingGroup.BILLING_PERIOD

    @property
    def price_fields(self) -> tuple[str, ...]:
        """The custom fields of usage that its price is made of."""
        if isinstance(self.pricing, Dynamic):
            return tuple(sorted(self.pricing.attributes.values()))
        return (self.pricing.field,) if isinstance(self.pricing, PreRatedTotal | PreRatedPerUnit) else ()

    @property
    def amount_field(self) -> str | None:
        """The custom field in which each record bears all that it costs; None where its model asks for none."""
        return self.pricing.field if isinstance(self.pricing, PreRatedTotal) else None


def _problems(charge: Charge) -> Iterator[str | None]:
    """Look for what does not go together, at each of its prices."""
    yield from change_problems(charge.pricing, charge.price_changes)
    for each in (charge, *(charge.of(change.effective) for change in charge.price_changes)):
        for find in (_group_problem, _model_problem, _records_problem, _prepaid_problem, _commitment_problem):
            yield find(each)


def _group_problem(charge: Charge) -> str | None:
    """Say what is wrong with the rating group of a charge's model."""
    group, model = charge.rating_group, charge.pricing.model
    if isinstance(charge.pricing, Dynamic):
        if group is not RatingGroup.RECORD:
            return "model dynamic prices every record for itself; say rating_group: record"
    elif group is not RatingGroup.BILLING_PERIOD and not isinstance(charge.pricing, GROUPED):
        return f"model {model} prices a whole billing period; rating_group: {group} is for {words_of(GROUPED)}"
    if (group is RatingGroup.GROUP_ID) != (charge.group_field is not None):
        return (
            "rating_group: group_id and group_field, which names its custom field, go together; give both, or neither"
        )
    return None


def _model_problem(charge: Charge) -> str | None:
    """Say what else a charge asks for that its model does not have."""
    if isinstance(charge.pricing, FlatFee) and charge.uom.lower() != FLAT_FEE_UOM:
        return f"usage of a flat fee counts in {FLAT_FEE_UOM}; the charge says uom: {charge.uom}"
    if charge.timing is Timing.ON_DEMAND and not isinstance(charge.pricing, GROUPED):
        return f"model {charge.pricing.model} waits for its period's end; timing: on_demand is for {words_of(GROUPED)}"
    return None


def _records_problem(charge: Charge) -> str | None:
    """Say why the records of a charge are not rated individually, where it asks for that."""
    if charge.rate_records is RateRecords.TOGETHER:
        return None
    if not isinstance(charge.pricing, INDIVIDUAL):
        return f"model {charge.pricing.model} has no rate_records: individually; it is for {words_of(INDIVIDUAL)}"
    if charge.rating_group is RatingGroup.RECORD:
        return "rating_group: record rates every record alone already; leave rate_records out"
    if charge.timing is Timing.ON_DEMAND and isinstance(charge.pricing, Tiered):  # as on the billing platform
        return "what is tiered on demand is rated together; leave rate_records out, or timing"
    return None


def _prepaid_problem(charge: Charge) -> str | None:
    """Say what does not go with prepaid units, of the charge that sells them or of one that draws from them."""
    if not isinstance(charge.pricing, Prepaid) and charge.drawdown is None:
        return None
    if charge.alignment is not Alignment.CALENDAR:
        return (
            "prepaid units, and usage that draws from them, have billing periods by the calendar; leave alignment out"
        )
    return _drawdown_problem(charge) if charge.drawdown else None


def _commitment_problem(charge: Charge) -> str | None:
    """Say what does not go with a commitment."""
    if not isinstance(charge.pricing, Commitment):
        return None
    if charge.uom.lower() != FLAT_FEE_UOM:
        return f"a commitment is an amount of money; it counts in {FLAT_FEE_UOM}, the charge says uom: {charge.uom}"
    if charge.alignment is not Alignment.CALENDAR:
        return "a commitment is for billing periods by the calendar; leave alignment out"
    return None


def _drawdown_problem(charge: Charge) -> str | None:
    if not isinstance(charge.pricing, DRAWN):
        return f"model {charge.pricing.model} has no drawdown; it is for {words_of(DRAWN)}"
    if charge.rate_records is RateRecords.INDIVIDUALLY:
        return "drawdown covers the units of a whole group; leave rate_records out"
    if charge.uom_validation is not UomValidation.REJECT:
        return "usage that draws prepaid units must not be lost for its unit; say uom_validation: reject"
    return None
