"""From a row to a usage record: the account, the unit and the one charge that the row means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from transforms.catalog.customers import ACTIVE, Account, SubscribedCharge
from transforms.cycles import cycle_of
from transforms.limits import DECIMALS_MAX, WHOLE_DIGITS_MAX
from transforms.period import Cycle
from transforms.rating.unpriced import at_list_price, unpriced
from transforms.upload.checks import Findings, check_dates, check_names, named_charge
from transforms.upload.columns import Column
from transforms.upload.known import Known, listed, spans
from transforms.upload.reasons import Caution, Problem, Reason
from transforms.upload.rows import Row
from transforms.usage.usage import UsageRecord

DIGITS_END = 10 ** (WHOLE_DIGITS_MAX + DECIMALS_MAX)
NAMES = (Column.ACCOUNT, Column.UOM, Column.SUBSCRIPTION, Column.CHARGE, Column.PRODUCT_CHARGE)


@dataclass(frozen=True)
class RowTarget:
    """What a row is usage of; `factor` turns its quantity into `uom`. No charge, where none counts its unit."""

    uom: str
    factor: Fraction = Fraction(1)
    charge: SubscribedCharge | None = None


@dataclass(frozen=True)
class Match:
    """What a row became: a record, unless there are problems; cautions keep nothing from being loaded."""

    record: UsageRecord | None
    problems: Sequence[Problem]
    cautions: Sequence[Problem]


@dataclass(frozen=True)
class _Named:
    """What a row names: what is wrong about it, the charge, or else those that could be meant."""

    found: Findings
    charge: SubscribedCharge | None
    pool: Sequence[SubscribedCharge]


class Matcher:
    """Matches rows, one after the other."""

    def __init__(self, known: Known) -> None:
        """Match against what is known."""
        self._known = known
        self._named: dict[tuple[str, ...], _Named] = {}
        self._cycles: dict[str, Cycle] = {}

    def match(self, row: Row, record_key: str) -> Match:
        """Give the record of a row under this key, or all that is wrong with it."""
        found = Findings(row)
        named = self._names(row)
        found.relate(named.found)
        account = self._known.accounts.get(row.text(Column.ACCOUNT))
        start, end = check_dates(found, account)
        record = None
        if account is not None and row.text(Column.UOM) and (target := self._target(found, named, start)):
            quantity = self._quantity(found, target)
            if quantity is not None and start is not None and not found.problems:
                self._check_span(found, target, start)
                self._check_price(found, target, start)
                record = self._record(row, record_key, account, target, quantity, start, end)
        return Match(None if found.problems else record, found.problems, found.cautions)

    def _names(self, row: Row) -> "_Named":
        """Settle what a row names; many rows name the same."""
        names = tuple(row.text(column) for column in NAMES)
        if (known := self._named.get(names)) is None:
            found = Findings(row)
            check_names(found, self._known)
            known = self._named[names] = _Named(found, named_charge(found, self._known), self._pool(row))
        return known

    def _pool(self, row: Row) -> list[SubscribedCharge]:
        """List the charges that could take the row's usage."""
        return [
            each
            for each in self._known.by_account.get(row.text(Column.ACCOUNT), [])
            if each.status == ACTIVE
            and each.charge in self._known.charges
            and row.text(Column.SUBSCRIPTION) in {"", each.subscription_number}
            and row.text(Column.PRODUCT_CHARGE) in {"", each.charge}
        ]

    def _target(self, found: Findings, named: "_Named", start: datetime | None) -> RowTarget | None:
        """Tell what the row is usage of; None where a name is wrong, or no one charge is meant."""
        if named.found.problems:
            return None
        return self._of_charge(found, named.charge) if named.charge else self._of_account(found, named.pool, start)

    def _of_charge(self, found: Findings, charge: SubscribedCharge) -> RowTarget | None:
        """Count the usage in the named charge's unit."""
        if (factor := self._known.factor(found.row.text(Column.UOM), charge)) is not None:
            return RowTarget(self._known.uom(charge), factor, charge)
        refused = self._known.refuses_other_units(charge)
        found.tell(Reason.UOM_REJECTED if refused else Caution.UOM_OTHER, Column.UOM, listed([charge], self._known))
        return None if refused else RowTarget(found.row.text(Column.UOM), charge=charge)

    def _of_account(
        self, found: Findings, pool: Sequence[SubscribedCharge], start: datetime | None
    ) -> RowTarget | None:
        """Find the one charge of the account that counts the row's unit, or an alias of it where none counts itself."""
        uom = found.row.text(Column.UOM)
        counting = [each for each in pool if self._known.uom(each) == uom]
        counting = counting or [each for each in pool if self._known.factor(uom, each) is not None]
        if not counting:
            return self._of_none(found, pool)
        if len(counting) > 1 and start is not None:
            counting = [each for each in counting if spans(each, start)] or counting
        if len(counting) == 1:
            return self._of_charge(found, counting[0])
        found.tell(Reason.CHARGE_AMBIGUOUS, Column.CHARGE, listed(counting, self._known))
        return None

    def _of_none(self, found: Findings, pool: Sequence[SubscribedCharge]) -> RowTarget | None:
        """Let usage in that no charge counts, unless a charge that could be meant refuses other units."""
        if strict := [each for each in pool if self._known.refuses_other_units(each)]:
            found.tell(Reason.UOM_REJECTED, Column.UOM, listed(strict, self._known))
            return None
        found.tell(Caution.NO_CHARGE, Column.UOM)
        return RowTarget(found.row.text(Column.UOM))

    def _quantity(self, found: Findings, target: RowTarget) -> Decimal | None:
        """Count the row's quantity in the target's unit, exactly."""
        if found.row.quantity is None:
            return None
        # Counted in the last decimal, so that all are integers.
        whole = int(found.row.quantity.scaleb(DECIMALS_MAX)) * target.factor.numerator
        digits, rest = divmod(whole, target.factor.denominator)
        also = "" if target.factor == 1 else f"1 {found.row.text(Column.UOM)} is {target.factor} {target.uom}"
        if rest:
            found.tell(Reason.QUANTITY_NOT_EXACT, Column.QUANTITY, also)
        if not -DIGITS_END < digits < DIGITS_END:
            found.tell(Reason.QUANTITY_TOO_LARGE, Column.QUANTITY, also)
        if whole < 0 and not self._known.may_be_negative(target.charge):
            found.tell(Reason.QUANTITY_NEGATIVE, Column.QUANTITY)
        return Decimal(digits).scaleb(-DECIMALS_MAX)

    def _check_span(self, found: Findings, target: RowTarget, start: datetime) -> None:
        charge = target.charge
        if charge is not None and not spans(charge, start):
            until = f" until {charge.end_at.isoformat()}" if charge.end_at else ""
            also = f"{charge.charge_number} is subscribed to from {charge.start_at.isoformat()}{until}"
            found.tell(Caution.START_OUTSIDE, Column.START, also)

    def _check_price(self, found: Findings, target: RowTarget, start: datetime) -> None:
        """Hold the custom fields and the start against what prices the charge's usage."""
        if (charge := target.charge) is None:
            return
        pricing = self._known.charges[charge.charge].pricing
        facts = found.row.custom_fields, start, charge.subscription_number
        if reason := unpriced(pricing, *facts):
            found.tell(Reason.UNPRICED, Column.CHARGE, f"{charge.charge_number}: {reason}")
        elif reason := at_list_price(pricing, *facts):
            found.tell(Caution.LIST_PRICE, Column.CHARGE, f"{charge.charge_number}: {reason}")

    def _record(
        self,
        row: Row,
        record_key: str,
        account: Account,
        target: RowTarget,
        quantity: Decimal,
        start: datetime,
        end: datetime | None,
    ) -> UsageRecord:
        charge = target.charge
        return UsageRecord(
            record_key=record_key,
            period=self._period(account, charge, start),
            account_number=account.account_number,
            subscription_number=charge.subscription_number if charge else row.text(Column.SUBSCRIPTION),
            charge_number=charge.charge_number if charge else None,
            charge=charge.charge if charge else None,
            uom=target.uom,
            quantity=quantity,
            start_at=start,
            end_at=end,
            description=row.text(Column.DESCRIPTION),
            custom_fields=row.custom_fields,
            readings=0,
            unique_key=row.text(Column.UNIQUE_KEY) or None,
            negative_allowed=self._known.may_be_negative(charge),
        )

    def _period(self, account: Account, charge: SubscribedCharge | None, start: datetime) -> str:
        """Find the billing period that holds the start, on the account's clock."""
        day = start.astimezone(ZoneInfo(account.time_zone)).date()
        if charge is None:
            return _period_name(Cycle(), day)
        if (cycle := self._cycles.get(charge.charge_number)) is None:
            cycle = cycle_of(account, self._known.charges[charge.charge], charge)
            self._cycles[charge.charge_number] = cycle
        return _period_name(cycle, day)


@lru_cache(maxsize=4096)
def _period_name(cycle: Cycle, day: date) -> str:
    return str(cycle.period_of(day))
