"""From quantities to usage: the charge's unit by an exact factor, one rounding, the billing platform's fields."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from transforms.catalog.customers import SubscribedCharge
from transforms.catalog.meter import Meter
from transforms.exact import round_exact
from transforms.figures import plain
from transforms.identity import digest, record_key
from transforms.period import Period, instant


@dataclass(frozen=True)
class Quantity:
    """What was derived for one charge and its `attributes`: (numerator + remainder) / denominator.

    Instants are microseconds UTC; `samples_seen` counts the sampling intervals that hold any reading, of
    each of the `points` that were heard of.
    """

    charge_number: str
    start_us: int
    end_us: int
    numerator: Decimal
    remainder: Decimal
    denominator: int
    readings: int
    first_at_us: int | None
    last_at_us: int | None
    samples_seen: int | None = None
    points: int = 1
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def exact(self) -> Fraction:
        """The derived value, not yet rounded."""
        return (Fraction(self.numerator) + Fraction(self.remainder)) / self.denominator


@dataclass(frozen=True)
class UsageRecord:
    """One record for one charge and billing period; `quantity` counts `uom`, and `readings` rows stand behind it.

    Usage from a file or a call may have no end, bear the sender's `unique_key`, and name no charge where none matches.
    An adjustment `corrects` a Processed record, by its number; it may go below zero where its charge allows that, and
    so may a record that comes off others.
    """

    record_key: str
    period: str
    account_number: str
    subscription_number: str
    charge_number: str | None
    charge: str | None
    uom: str
    quantity: Decimal
    start_at: datetime
    end_at: datetime | None
    description: str
    custom_fields: Mapping[str, str]
    readings: int
    samples_expected: int | None = None
    samples_seen: int | None = None
    unique_key: str | None = None
    corrects: int | None = None
    negative_allowed: bool = False

    @property
    def coverage(self) -> Fraction | None:
        """What part of the expected samples is there, at most 1; None where nobody knows what to expect."""
        if self.samples_expected is None or self.samples_seen is None:
            return None
        return min(Fraction(self.samples_seen, self.samples_expected), Fraction(1))

    @property
    def canonical(self) -> str:
        """A hash of all that makes this record what it is, its number of readings included: equal hash, equal usage."""
        fields = [part for field in sorted(self.custom_fields.items()) for part in field]
        span = (self.start_at.isoformat(), self.end_at.isoformat() if self.end_at else "")
        words = (self.uom, plain(self.quantity), *span, str(self.readings), self.description)
        return digest(self.record_key, *words, *fields)


@dataclass(frozen=True)
class Terms:
    """What a meter's quantities of a period become usage by: the charge's unit, and the factor into it.

    `interval_seconds` lie between two samples; None where nobody knows. A quantity below 0 `takes_off` from others.
    """

    meter: Meter
    period: Period
    uom: str
    factor: Fraction
    interval_seconds: int | None = None
    takes_off: bool = False

    def record(self, each: Quantity, charge: SubscribedCharge) -> UsageRecord:
        """Map a quantity to the record of its charge."""
        target, words = self.meter.map, self._words(each)
        quantity = round_exact(each.exact * self.factor, target.rounding.decimals, target.rounding.mode)
        return UsageRecord(
            record_key=record_key(each.charge_number, each.start_us, each.attributes),
            period=str(self.period),
            account_number=charge.account_number,
            subscription_number=charge.subscription_number,
            charge_number=each.charge_number,
            charge=charge.charge,
            uom=self.uom,
            quantity=quantity,
            start_at=instant(each.start_us),
            end_at=instant(each.end_us),
            description=target.description.format_map(words),
            custom_fields={name: text.format_map(words) for name, text in target.custom_fields.items()},
            readings=each.readings,
            samples_expected=expected_samples(each, self.interval_seconds),
            samples_seen=None if self.interval_seconds is None else each.samples_seen,
            negative_allowed=self.takes_off and quantity < 0,
        )

    def _words(self, each: Quantity) -> dict[str, str]:
        """Give the words that descriptions and custom fields can hold in braces."""
        words = {"meter": self.meter.meter, "period": str(self.period), "function": self.meter.derive.function.value}
        return {**words, "readings": str(each.readings), **each.attributes}


def to_usage(quantities: Iterable[Quantity], charges: Iterable[SubscribedCharge], terms: Terms) -> list[UsageRecord]:
    """Map every quantity to a record of the charge's UOM, in the order of their keys."""
    subscribed = {charge.charge_number: charge for charge in charges}
    records = [terms.record(each, subscribed[each.charge_number]) for each in quantities]
    return sorted(records, key=lambda record: record.record_key)


def expected_samples(each: Quantity, interval_seconds: int | None) -> int | None:
    """Tell how many samples a quantity should have; one at least of every point, and of one point at least."""
    if interval_seconds is None:
        return None
    return max((each.end_us - each.start_us) // (interval_seconds * 1_000_000), 1) * max(each.points, 1)
