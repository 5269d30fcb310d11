"""An invoice: what an account owes, in one currency, for the rated items of one bill run."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from transforms.figures import exact_text, shown
from transforms.rating.lines import EXACT, exact_sum

NUMBER = re.compile(r"(?:INV-)?0*([1-9][0-9]{0,17})", re.ASCII)
OF_TIERS = {"flat", "adjustment", "minimum", "maximum"}
WORDS = {
    "per_unit": "Per unit",
    "flat": "Flat amount",
    "adjustment": "Adjusted",
    "minimum": "Raised to the minimum",
    "maximum": "Lowered to the maximum",
    "prepaid": "Covered by prepaid units",
    "committed": "Committed amount",
    "contributed": "Billed towards it",
    "exceeded": "Billed beyond it, not given back",
}
PriceLine = Mapping[str, str | None]
"""A line of a rated item's breakdown as it is stored: tier, above, up_to, units, price, format; figures are text."""


class Kind(StrEnum):
    """What a document is called: below 0 something is given back."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, kw_only=True)
class InvoiceItem:
    """A rated item: its service period in the account's zone, both days included, and how its amount came about.

    `item_id` is what it is explained by.
    """

    item_id: int
    charge: str
    charge_number: str
    subscription_number: str
    group_key: str
    service_from: date
    service_through: date
    quantity: Decimal
    uom: str
    breakdown: tuple[PriceLine, ...]
    amount_total: Decimal
    billed_before: Decimal
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """An invoice or credit note; `decimals` are those of its currency, `issued_on` is a day in the account's zone."""

    number: int
    account_number: str
    account_name: str
    currency: str
    decimals: int
    period: str
    issued_on: date
    bill_run_id: str
    bill_run: int
    items: tuple[InvoiceItem, ...]

    @property
    def amount(self) -> Decimal:
        """The sum of its items."""
        return exact_sum(item.amount for item in self.items)

    @property
    def kind(self) -> Kind:
        """What it is called."""
        return Kind.CREDIT_NOTE if self.amount < 0 else Kind.INVOICE

    @property
    def title(self) -> str:
        """What stands above it."""
        return f"{'Credit note' if self.kind is Kind.CREDIT_NOTE else 'Invoice'} {number_text(self.number)}"

    def money(self, amount: Decimal) -> str:
        """Write an amount or a price in its currency."""
        return shown(amount, self.decimals)


@dataclass(frozen=True)
class Step:
    """A step from an item's quantity to its amount: in words, and its units, price and amount as far as it has them."""

    words: str
    units: Decimal | None
    price: Decimal | None
    amount: Decimal


def number_text(number: int) -> str:
    """Write an invoice number.

    >>> number_text(12)
    'INV-00000012'
    """
    return f"INV-{number:08}"


def parse_number(text: str) -> int:
    """Read `INV-00000012` or `12`; ValueError says what to write."""
    if not (found := NUMBER.fullmatch(text)):
        raise ValueError(f"{text[:40]!r} is no invoice number: write it as INV-00000012 or 12")
    return int(found[1])


def unit_price(item: InvoiceItem) -> Decimal | None:
    """Tell the one price of an item's quantity; None where there are several, or none per unit.

    Units that bear their own price are not rounded: where they are not the quantity, it has no unit price.
    """
    line = item.breakdown[0] if len(item.breakdown) == 1 else None
    if line is None or line["format"] != "per_unit" or Decimal(line["units"] or 0) != item.quantity:
        return None
    return Decimal(line["price"] or 0)


def steps(item: InvoiceItem) -> Iterator[Step]:
    """List how an item came to its amount, where one unit price does not say it."""
    if unit_price(item) is None:
        yield from (_priced(line) for line in item.breakdown)
    if item.billed_before:
        yield Step("The service period so far", None, None, item.amount_total)
        yield Step("Billed before", None, None, EXACT.minus(item.billed_before))


def _priced(stored: PriceLine) -> Step:
    """Give a line of a breakdown in words; one that prices no units bears an amount as its price."""
    found, units = stored["format"] or "", Decimal(stored["units"] or 0)
    words, price = WORDS.get(found, found.replace("_", " ").capitalize()), Decimal(stored["price"] or 0)
    tier = _tier(stored)
    if found == "per_unit":
        return Step(tier or words, units, price, EXACT.multiply(units, price))
    named = f"{tier}: {words.lower()}" if tier and found in OF_TIERS else words
    return Step(named, units if found == "prepaid" else None, None, price)


def _tier(line: PriceLine) -> str:
    """Name a tier by its bounds; one without any is all there is."""
    above, up_to = Decimal(line["above"] or 0), line["up_to"]
    bounds = [f"above {shown(above)}"] if above else []
    bounds += [f"up to {shown(Decimal(up_to))}"] if up_to else []
    return f"Tier {line['tier']}, {' '.join(bounds)}" if bounds else ""


def as_json(invoice: Invoice) -> str:
    """Write an invoice as one line of canonical JSON: figures are text, keys are sorted."""
    found = {
        "number": number_text(invoice.number),
        "kind": invoice.kind,
        "issued_on": str(invoice.issued_on),
        "period": invoice.period,
        "bill_run": {"id": invoice.bill_run_id, "ordinal": invoice.bill_run},
        "account": {"number": invoice.account_number, "name": invoice.account_name},
        "currency": invoice.currency,
        "amount": exact_text(invoice.amount, invoice.decimals),
        "items": [_item(each, invoice.decimals) for each in invoice.items],
    }
    return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def _item(item: InvoiceItem, decimals: int) -> dict[str, Any]:
    texts = ("charge", "charge_number", "subscription_number", "group_key", "service_from", "service_through", "uom")
    amounts = ("amount_total", "billed_before", "amount")
    return {
        **{name: str(getattr(item, name)) for name in texts},
        **{name: exact_text(getattr(item, name), decimals) for name in amounts},
        "quantity": exact_text(item.quantity),
        "breakdown": [dict(line) for line in item.breakdown],
    }
