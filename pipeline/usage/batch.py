"""A validated usage artefact on its way into the store: what passed, streamed, and where all other readings are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import artefact
from pipeline.catalog.catalog import Catalog
from pipeline.store.incoming import KEY_DIGITS, Sum
from pipeline.store.ledger import Seen
from pipeline.store.usage import slot_of
from transforms.catalog.meter import Meter
from transforms.errors import MeterbridgeError
from transforms.identity import content_hash
from transforms.period import Period
from transforms.quantities.reconcile import LedgerLine
from transforms.quantities.scope import Name


class OtherVerdictError(MeterbridgeError):
    """A verdict on another artefact than the one that is to be loaded."""


@dataclass(frozen=True)
class Batch:
    """Usage of a meter and period, with the reasons of the records that validation set aside, by key."""

    meter: Meter
    period: Period
    path: Path
    about: Mapping[str, Any]
    verdict: Mapping[str, Any]
    reasons: Mapping[str, str]

    @classmethod
    def read(cls, catalog: Catalog, usage_path: Path, verdict_path: Path) -> "Batch":
        """Read what both artefacts are about; OtherVerdictError when the one does not judge the other."""
        about = artefact.read_about(usage_path)
        table, verdict = artefact.read(verdict_path)
        if verdict["usage"] != usage_path.name:
            raise OtherVerdictError(
                f"{verdict_path} judged {verdict['usage']}, not {usage_path.name}: validate this usage first"
            )
        reasons = {row["record_key"]: row["reason"] for row in table.to_pylist()}
        return cls(catalog.meter(about["meter"]), Period.parse(about["period"]), usage_path, about, verdict, reasons)

    @property
    def slot(self) -> str:
        """What has one active import."""
        return slot_of(self.meter.meter, self.period)

    @property
    def landed(self) -> int:
        """How many readings landed for the meter and period."""
        return int(self.about["landed"])

    @property
    def seen(self) -> Seen:
        """The landed files that it was made of, and whom it knows; what an older version derived does not tell."""
        about = self.about
        files = about["source"], about["files"], about["from_us"], about["until_us"]
        return Seen(*files, self.strangers, about.get("changes_seen", 0))

    @property
    def strangers(self) -> frozenset[Name]:
        """The names that readings bear and that lead to no charge."""
        return frozenset((account, subscription) for account, subscription in self.about.get("strangers", ()))

    @property
    def files(self) -> frozenset[str]:
        """The landed files that it was made of, by id."""
        return frozenset(self.about["files"])

    @property
    def quarantined(self) -> int:
        """How many records were set aside."""
        return len(self.reasons)

    @property
    def lines(self) -> list[LedgerLine]:
        """Where the readings are that are behind no record that passed."""
        found = [LedgerLine(**line) for line in self.about["lines"]]
        return [line for line in found if line.place != "used"] + list(self._set_aside())

    def records(self, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Give the records that passed, or these columns of them and the key first, some at a time, by their keys."""
        for batch in artefact.batches(self.path, columns and ["record_key", *columns]):
            yield batch.filter(pc.invert(self._refused(batch))) if self.reasons else batch

    @cached_property
    def content(self) -> str:
        """The hash of what would be active after the load."""
        found = ("\n".join(texts(batch["canonical"])) for batch in self.records(["canonical"]) if batch.num_rows)
        return content_hash(self.meter.meter, self.period, found)

    @cached_property
    def sum(self) -> Sum:
        """The records that passed, counted and added up."""
        records, quantity, keys = 0, Decimal(0), 0
        for batch in self.records(["quantity"]):
            records += batch.num_rows
            quantity += Decimal(str(pc.sum(batch["quantity"]).as_py() or 0))
            keys += sum_of_keys(texts(batch["record_key"]))
        return Sum(records, quantity, Decimal(keys))

    def _refused(self, batch: pa.RecordBatch) -> pa.BooleanArray:
        return pc.is_in(batch["record_key"], pa.array(self.reasons, pa.string()))

    def _set_aside(self) -> Iterator[LedgerLine]:
        for batch in artefact.batches(self.path) if self.reasons else ():
            for row in (
                batch.filter(self._refused(batch)).select(["record_key", "charge_number", "readings"]).to_pylist()
            ):
                reason = self.reasons[row["record_key"]]
                detail = f"charge {row['charge_number']}: {reason}"
                yield LedgerLine("quarantined", reason.partition(":")[0], row["readings"], detail)


def texts(column: "pa.Array[Any]") -> list[str]:
    """Give a column without nulls as Python has it."""
    return cast("list[str]", column.to_pylist())


def sum_of_keys(keys: list[str]) -> int:
    """Add up the first KEY_DIGITS hex digits of each key, as the store does to compare what it holds."""
    padded = "".join(f"0{key[:KEY_DIGITS]}" for key in keys)
    high, low = np.frombuffer(bytes.fromhex(padded), ">u4").reshape(-1, 2).sum(axis=0, dtype=np.int64)
    return (int(high) << 32) + int(low)
