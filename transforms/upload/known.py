"""What a row is held against: accounts, the charges that they subscribe to, the catalog's charges and units."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from transforms.catalog.charge import Charge, NegativeUsage, UomValidation
from transforms.catalog.customers import Account, SubscribedCharge, by_number
from transforms.catalog.units import Units
from transforms.lists import first_few

LISTED_CHARGES_MAX = 5


class Known:
    """Accounts and subscribed charges as far as rows name them, and the whole catalog."""

    def __init__(
        self,
        accounts: Iterable[Account],
        subscribed: Iterable[SubscribedCharge],
        charges: Mapping[str, Charge],
        units: Units,
    ) -> None:
        """Make them findable; `subscribed` are the charges of these accounts and all others that rows name."""
        self.accounts = by_number(accounts)
        self.charges = {name: charge for name, charge in charges.items() if charge.takes_usage}
        self.by_number: dict[str, SubscribedCharge] = {}
        self.by_account: defaultdict[str, list[SubscribedCharge]] = defaultdict(list)
        self.by_subscription: defaultdict[str, list[SubscribedCharge]] = defaultdict(list)
        for each in sorted(subscribed, key=lambda each: each.charge_number):
            self.by_number[each.charge_number] = each
            self.by_account[each.account_number].append(each)
            self.by_subscription[each.subscription_number].append(each)
        self.words = {word for uom, unit in units.units.items() for word in (uom, *unit.aliases)}
        self._units = units

    def uom(self, charge: SubscribedCharge) -> str:
        """Tell the unit of measure that a charge counts."""
        return self.charges[charge.charge].uom

    def factor(self, unit: str, charge: SubscribedCharge) -> Fraction | None:
        """Tell how much of the charge's unit one `unit` is; None where nothing says so."""
        uom = self.uom(charge)
        known = unit == uom or unit in self._units.units[uom].aliases
        return self._units.factor(unit, uom) if known else None

    def refuses_other_units(self, charge: SubscribedCharge) -> bool:
        """Tell whether usage in another unit than the charge's is refused."""
        return self.charges[charge.charge].uom_validation is UomValidation.REJECT

    def may_be_negative(self, charge: SubscribedCharge | None) -> bool:
        """Tell whether usage of a charge may be below zero."""
        return charge is not None and self.charges[charge.charge].negative_usage is NegativeUsage.ALLOW


def spans(charge: SubscribedCharge, at: datetime) -> bool:
    """Tell whether a charge was subscribed to at an instant."""
    return charge.start_at <= at and (charge.end_at is None or at < charge.end_at)


def listed(charges: Sequence[SubscribedCharge], known: Known) -> str:
    """Name charges, each with the unit that it counts."""
    return first_few([f"{each.charge_number} counts {known.uom(each)}" for each in charges], LISTED_CHARGES_MAX)
