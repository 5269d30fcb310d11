"""Rate again: what bill runs made of usage, made again by the same rules and compared as text."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pipeline.billing.preflight import Pickup
from pipeline.catalog.catalog import Catalog
from pipeline.store.billing import COPIED, columns_of
from transforms.catalog.commitment import Commitment
from transforms.catalog.customers import Account
from transforms.figures import plain
from transforms.rating.prepaid import Funds
from transforms.rating.rate import rate
from transforms.rating.usage import BilledKey, ChargePeriod, ChargePeriodKey, RatedItem, UsageLine

OWNER = tuple(ChargePeriod.__dataclass_fields__)


def rate_again(
    catalog: Catalog,
    rows: Sequence[sa.RowMapping],
    accounts: Mapping[str, Account],
    billed: Mapping[BilledKey, Decimal],
    items: Sequence[sa.RowMapping],
    *,
    contributed: Mapping[ChargePeriodKey, Decimal],
    funds: Funds,
    run: str | None = None,
) -> tuple[RatedItem, ...]:
    """Rate usage as a bill run did that took what bears its id, or all of it; RatingError as `rate` gives it.

    `items` are those that it, and the runs before it, made: of a charge that costs without usage, they tell the period.
    `contributed` is what it settled commitments with, `funds` what it drew.
    """
    return rate(
        _lines(rows, accounts, run),
        charges=catalog.charges,
        units=catalog.units,
        billed=billed,
        subscribed=[owner_of(item) for item in items if _its_own(item, run) or not _committed(item, catalog)],
        contributed=contributed,
        funds=funds,
    )


def _lines(rows: Sequence[sa.RowMapping], accounts: Mapping[str, Account], run: str | None) -> Iterator[UsageLine]:
    """Give usage as it was then: what the bill run took was Pending."""
    found = Pickup(rows, accounts, {})
    for row in rows:
        yield replace(found.line(row), status="Pending" if _its_own(row, run) else "Processed")


def _its_own(row: sa.RowMapping, run: str | None) -> bool:
    return run is None or row["bill_run_id"] == run


def owner_of(item: sa.RowMapping) -> ChargePeriod:
    """Tell whose item of which period it is."""
    return ChargePeriod(**{name: item[name] for name in OWNER})


def _committed(item: sa.RowMapping, catalog: Catalog) -> bool:
    """Tell whether it settled a commitment: each bill run does so with what there was then."""
    return isinstance(catalog.charges[item["charge"]].pricing, Commitment)


def item_text(item: RatedItem) -> str:
    """Write a rated item as one line of canonical JSON: equal text, equal item."""
    return _text(columns_of(item))


def row_text(row: sa.RowMapping) -> str:
    """Write a stored item as `item_text` does."""
    return _text({name: row[name] for name in (*COPIED, "breakdown")})


def _text(columns: Mapping[str, Any]) -> str:
    shown = {name: columns[name] if isinstance(columns[name], str) else _written(columns[name]) for name in COPIED}
    found = shown | {"breakdown": columns["breakdown"]}
    return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _written(value: Any) -> str:  # noqa: ANN401 a decimal or an instant of the store
    return plain(value) if isinstance(value, Decimal) else str(value.isoformat())
