"""The approval of a bill run: which amounts a person has to approve before they are posted."""

from collections.abc import Mapping
from decimal import Decimal

from transforms.catalog.units import Currency

ZERO = Decimal(0)


def to_approve(
    amounts: Mapping[str, Decimal],
    before: Mapping[str, Decimal],
    currencies: Mapping[str, Currency],
    *,
    corrects: bool = False,
) -> list[str]:
    """Say of each currency why what is rated needs an approval, in their order.

    It is held against what the period before came to, or, where it `corrects` a period, what was billed of that before;
    `amounts` are then the changes of the accounts, added up without their signs: what one is given back hides nothing
    that another is billed. The limits are the currency's. Against nothing billed before, any amount is a change without
    bounds; a currency that is billed no more has changed too. Where nothing was rated there is nothing to approve.
    """
    codes = sorted((amounts.keys() | before.keys()) & currencies.keys()) if amounts else []
    reasons = (
        _reason(code, amounts.get(code, ZERO), before.get(code, ZERO), currencies[code], corrects=corrects)
        for code in codes
    )
    return [reason for reason in reasons if reason]


def _reason(code: str, amount: Decimal, before: Decimal, currency: Currency, *, corrects: bool) -> str | None:
    rated, held = f"{currency.round(amount):f} {code}", f"{currency.round(before):f}"
    if currency.approval_above is not None and abs(amount) > currency.approval_above:
        above = f"above {currency.approval_above:f}"
        return f"accounts change by {rated}, up or down, which is {above}" if corrects else f"{rated} is {above}"
    limit = currency.approval_change_above
    if limit is None or abs(amount if corrects else amount - before) <= limit * abs(before):
        return None
    more = f"more than {limit * 100:f} %"
    if corrects:
        return f"accounts change by {rated}, up or down: {more} of the {held} billed of the period"
    return f"{rated} differs from {held} of the period before by {more}"
