"""Charges that owe a billing period because they are subscribed to, whether or not there is usage."""

from collections.abc import Iterable, Mapping

from transforms.catalog.charge import Charge
from transforms.catalog.customers import ACTIVE, Account, SubscribedCharge, by_number
from transforms.cycles import cycle_of
from transforms.period import Period
from transforms.rating.usage import ChargePeriod


def charge_periods(
    accounts: Iterable[Account], subscribed: Iterable[SubscribedCharge], charges: Mapping[str, Charge], period: Period
) -> list[ChargePeriod]:
    """List who owes a period without usage: active, priced in the account's currency, subscribed to in any part of it.

    `charges` of the catalog are by name; a flat fee, what is prepaid and what is committed are never prorated.
    """
    known = by_number(accounts)
    found = []
    for each in subscribed:
        account, charge = known[each.account_number], charges.get(each.charge)
        if charge is not None and charge.owed_by_period and owes(account, each, charge, period):
            found.append(charge_period(account, each, period))
    return found


def owes(account: Account, subscribed: SubscribedCharge, charge: Charge, period: Period) -> bool:
    """Tell whether a subscribed charge is billed a period: active, in the account's currency, in any part of it."""
    window = period.window(account.time_zone)
    return (
        account.status == subscribed.status == ACTIVE
        and account.currency == charge.currency
        and subscribed.start_at < window.end
        and (subscribed.end_at is None or subscribed.end_at > max(subscribed.start_at, window.start))
        and cycle_of(account, charge, subscribed).has(period)
    )


def charge_period(account: Account, subscribed: SubscribedCharge, period: Period) -> ChargePeriod:
    """Give a period of a subscribed charge, cut on the account's own clock."""
    window = period.window(account.time_zone)
    return ChargePeriod(
        account_number=account.account_number,
        subscription_number=subscribed.subscription_number,
        charge_number=subscribed.charge_number,
        charge=subscribed.charge,
        period_start=window.start,
        period_end=window.end,
    )
