"""Rate again: what bill runs made of usage, made again by the same rules and compared as text."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pipeline.catalog import Catalog
from pipeline.layout import plain
from pipeline.preflight import Pickup
from pipeline.store.billing import COPIED, columns_of
from transforms.customers import Account
from transforms.rating.rate import rate
from transforms.rating.usage import BilledKey, ChargePeriod, RatedItem

OWNER = tuple(ChargePeriod.__dataclass_fields__)


def rate_again(
    catalog: Catalog,
    rows: Sequence[sa.RowMapping],
    accounts: Mapping[str, Account],
    billed: Mapping[BilledKey, Decimal],
    items: Sequence[sa.RowMapping],
    *,
    run: str | None = None,
) -> tuple[RatedItem, ...]:
    """Rate usage as a bill run did that took what bears its id, or all of it; RatingError as `rate` gives it.

    `items` are those that it, and the runs before it, made: of a charge that costs without usage, they tell the period.
    """
    found = Pickup(rows, accounts, {})
    lines = [
        replace(found.line(row), status="pending" if run in {None, row["bill_run_id"]} else "processed") for row in rows
    ]
    subscribed = [ChargePeriod(**{name: item[name] for name in OWNER}) for item in items]
    return rate(lines, charges=catalog.charges, units=catalog.units, billed=billed, subscribed=subscribed)


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
