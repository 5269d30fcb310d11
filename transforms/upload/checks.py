"""What is wrong with the names and dates of a row, held against what is known."""

from dataclasses import replace
from datetime import datetime

from transforms.catalog.customers import ACTIVE, Account, SubscribedCharge
from transforms.upload.columns import Column
from transforms.upload.dates import UnclearDateError, instant_of
from transforms.upload.known import Known
from transforms.upload.reasons import Caution, Problem, Reason
from transforms.upload.rows import Row


class Findings:
    """What is wrong with one row, and what is only unusual."""

    def __init__(self, row: Row) -> None:
        """Start with nothing."""
        self.row = row
        self.problems: list[Problem] = []
        self.cautions: list[Problem] = []

    def tell(self, code: Reason | Caution, column: Column, also: str = "") -> None:
        """Note a reason or a caution, with what stands in the column."""
        problem = Problem(code, column, self._shown(column), self.row.number, self.row.line, also)
        (self.problems if isinstance(code, Reason) else self.cautions).append(problem)

    def relate(self, others: "Findings") -> None:
        """Take over what was found of a row with the same names."""
        row, line = self.row.number, self.row.line
        self.problems += [replace(each, row=row, line=line) for each in others.problems]
        self.cautions += [replace(each, row=row, line=line) for each in others.cautions]

    def _shown(self, column: Column) -> str | None:
        if stamp := {Column.START: self.row.start, Column.END: self.row.end}.get(column):
            return stamp.isoformat()
        if column is Column.QUANTITY and self.row.quantity is not None:
            return f"{self.row.quantity:f}"
        return self.row.text(column) or None


def check_names(found: Findings, known: Known) -> None:
    """Hold account, unit, subscription and the catalog's charge against what is known."""
    _check_account(found, known)
    if (uom := found.row.text(Column.UOM)) and uom not in known.words:
        found.tell(Reason.UOM_UNKNOWN, Column.UOM)
    if (product := found.row.text(Column.PRODUCT_CHARGE)) and product not in known.charges:
        found.tell(Reason.PRODUCT_CHARGE_UNKNOWN, Column.PRODUCT_CHARGE)
    _check_subscription(found, known)


def _check_account(found: Findings, known: Known) -> None:
    number = found.row.text(Column.ACCOUNT)
    account = known.accounts.get(number)
    if number and account is None:
        found.tell(Reason.ACCOUNT_UNKNOWN, Column.ACCOUNT)
    elif account and account.status != ACTIVE:
        found.tell(Reason.ACCOUNT_INACTIVE, Column.ACCOUNT, f"it is {account.status}")


def _check_subscription(found: Findings, known: Known) -> None:
    if not (number := found.row.text(Column.SUBSCRIPTION)):
        return
    charges = known.by_subscription.get(number, [])
    account = found.row.text(Column.ACCOUNT)
    mine = [each for each in charges if account in {"", each.account_number}]
    if not charges:
        found.tell(Reason.SUBSCRIPTION_UNKNOWN, Column.SUBSCRIPTION)
    elif not mine:
        found.tell(Reason.SUBSCRIPTION_OF_ANOTHER, Column.SUBSCRIPTION)
    elif all(each.status != ACTIVE for each in mine):
        found.tell(Reason.SUBSCRIPTION_INACTIVE, Column.SUBSCRIPTION)


def named_charge(found: Findings, known: Known) -> SubscribedCharge | None:
    """Find the charge that the row names, and tell all that is wrong with it."""
    if not (number := found.row.text(Column.CHARGE)):
        return None
    if (charge := known.by_number.get(number)) is None:
        found.tell(Reason.CHARGE_UNKNOWN, Column.CHARGE)
        return None
    _check_place(found, charge)
    if charge.status != ACTIVE:
        found.tell(Reason.CHARGE_INACTIVE, Column.CHARGE, f"it is {charge.status}")
    if charge.charge not in known.charges:
        found.tell(Reason.CHARGE_NOT_USAGE, Column.CHARGE, f"it is of {charge.charge}")
    elif found.row.text(Column.PRODUCT_CHARGE) not in {"", charge.charge}:
        found.tell(Reason.PRODUCT_CHARGE_OTHER, Column.PRODUCT_CHARGE, f"{number} is of {charge.charge}")
    return charge


def _check_place(found: Findings, charge: SubscribedCharge) -> None:
    row = found.row
    if row.text(Column.ACCOUNT) not in {"", charge.account_number}:
        found.tell(Reason.CHARGE_OF_ANOTHER, Column.CHARGE)
    elif row.text(Column.SUBSCRIPTION) not in {"", charge.subscription_number}:
        found.tell(Reason.CHARGE_NOT_IN_SUBSCRIPTION, Column.CHARGE, f"it is of {charge.subscription_number}")


def check_dates(found: Findings, account: Account | None) -> tuple[datetime | None, datetime | None]:
    """Tell the instants of start and end on the account's clock; None where one is missing or wrong."""
    zone = account.time_zone if account else "UTC"
    start = _instant(found, Column.START, found.row.start, zone)
    end = _instant(found, Column.END, found.row.end, zone)
    if start and end and end < start:
        found.tell(Reason.END_BEFORE_START, Column.END)
    return start, end


def _instant(found: Findings, column: Column, stamp: datetime | None, zone: str) -> datetime | None:
    try:
        return stamp and instant_of(stamp, zone)
    except UnclearDateError:
        found.tell(Reason.DATE_UNCLEAR, column, f"the account's time zone is {zone}")
        return None
