"""What the store holds of the bill runs of a period: records, rated items, and figures that a seal names them by."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import sqlalchemy as sa

from pipeline.billing.rerate import row_text
from pipeline.proof.seal import Figures, hash_of
from pipeline.store import closing, customers
from transforms.catalog.customers import Account, by_number
from transforms.figures import exact_text, plain
from transforms.rating.lines import exact_sums


@dataclass(frozen=True)
class Billed:
    """Usage and rated items of some bill runs of a period; `changed` are the records that somebody changed by hand."""

    records: Sequence[sa.RowMapping]
    items: Sequence[sa.RowMapping]
    changed: set[int]
    accounts: Mapping[str, Account]

    @classmethod
    def read(cls, store: sa.Engine, period: str, runs: Sequence[str]) -> "Billed":
        """Read what the store holds of these bill runs of a period."""
        with store.begin() as connection:
            return cls(
                closing.records(connection, period, runs),
                closing.items(connection, runs),
                closing.changed_by_hand(connection, period, runs),
                by_number(customers.all_accounts(connection)),
            )

    def of_meter(self, meter: str) -> dict[str, list[sa.RowMapping]]:
        """Give a meter's records by key, each adjustment with the record that it corrects."""
        keys = {row["record_id"]: row["record_key"] for row in self.records}
        found: defaultdict[str, list[sa.RowMapping]] = defaultdict(list)
        for row in self.records:
            if row["meter"] == meter:
                found[keys.get(row["corrects"], row["record_key"])].append(row)
        return found

    def of_import(self, import_id: str) -> list[sa.RowMapping]:
        """Give an import's records."""
        return [row for row in self.records if row["import_id"] == import_id]

    @property
    def record_figures(self) -> Figures:
        """Add up the records, and hash what makes them what they are."""
        lines = (f"{closing.as_record(row).canonical} {row['bill_run_id']}" for row in self.records)
        sums = _sums(((row["uom"], row["quantity"]) for row in self.records), plain)
        return Figures(count=len(self.records), sums=sums, sha256=hash_of(lines))

    @property
    def item_figures(self) -> Figures:
        """Add up the items, and hash what makes them what they are."""
        lines = (f"{row_text(row)} {row['bill_run_id']}" for row in self.items)
        # Two decimals at least in every currency: a seal is compared with this text, and none may turn wrong later.
        sums = _sums(((row["currency"], row["amount"]) for row in self.items), partial(exact_text, decimals=2))
        return Figures(count=len(self.items), sums=sums, sha256=hash_of(lines))


def _sums(parts: Iterable[tuple[str, Decimal]], shown: Callable[[Decimal], str]) -> dict[str, str]:
    return {name: shown(total) for name, total in exact_sums(parts).items()}
