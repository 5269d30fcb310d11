"""Two businesses of the same customers: ours, and the billing platform that its usage is sent to over HTTP."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from lossy_http import Lossy, lossy
from served_api import CLIENT, SECRET, served
from uploaded_usage import uploaded

from pipeline.patience import Patience
from pipeline.store import sending
from pipeline.store.sending import SentFile
from pipeline.targets.errors import TargetUnavailableError
from pipeline.targets.parts import Limits
from pipeline.targets.platform import Platform
from pipeline.targets.send import advance
from pipeline.targets.sender import Sender
from pipeline.usage.delete import Selection, delete
from transforms.period import Period

MARCH = Period.parse("2025-03")
PATIENT = Patience(attempts=6, wait_seconds=0, read_seconds=10)
ACTIVE = "usage_records WHERE superseded_by IS NULL AND period = '2025-03'"
DEADLINE_SECONDS = 60


@dataclass
class Two:
    """Our business, the platform's, and the way between them."""

    ours: Any
    theirs: Any
    way: Lossy
    files_of_ours: Iterator[int] = field(default_factory=count)

    def say(self, **quantities: str) -> None:
        """Let our usage of March be this, by unique key: what was there of these keys goes."""
        known = dict(self.ours.rows(f"{ACTIVE} AND unique_key IS NOT NULL", "unique_key", "record_id"))
        if numbers := [known[key] for key in quantities if key in known]:
            delete(self.ours.store, Selection(numbers), by="ann", reason="a correction", dry_run=False)
        records = [
            {"unique_key": key, "quantity": Decimal(quantity)} for key, quantity in quantities.items() if quantity
        ]
        uploaded(self.ours.store, *records, file_name=f"{next(self.files_of_ours)}.csv")

    def platform(self, secret: str = SECRET, patience: Patience = PATIENT) -> AbstractContextManager[Platform]:
        return closing(Platform(Sender.of(self.way.url, CLIENT, secret), patience))

    def send(self, *, rows_max: int = 1000, dies: bool = False) -> int:
        """Send March until the platform holds all of it; gives how often that was taken up.

        With `dies`, by processes that give up at the first reply that is lost: the next begins with the store alone.
        """
        patience, taken_up, until = Patience(1, 0) if dies else PATIENT, 0, time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < until:
            taken_up += 1
            with suppress(*[TargetUnavailableError] * dies), self.platform(patience=patience) as platform:
                if advance(self.ours.store, self.ours.catalog, platform, MARCH, Limits(rows_max=rows_max)):
                    return taken_up
            time.sleep(0.02)
        raise AssertionError(f"the platform does not hold all of it: {self.files()}")

    def files(self) -> list[SentFile]:
        with self.ours.store.begin() as connection:
            return sending.files(connection, self.way.url, MARCH)

    def states(self) -> list[tuple[str, int, Decimal]]:
        """List how each file stands: its state, rows and control total."""
        return [(file.state, file.rows, file.control_total) for file in self.files()]

    def held(self) -> dict[str, Decimal]:
        """Give what the platform holds, by unique key; each must be there once."""
        found = self.theirs.rows(ACTIVE, "unique_key", "quantity")
        assert len(found) == len(dict(found))
        return dict(found)

    def imports(self) -> list[tuple[str, str]]:
        """List the platform's imports: (file name, status)."""
        return self.theirs.rows("imports", "name", "status")


@pytest.fixture
def two(business, new_store, tmp_path):
    theirs = type(business)(new_store(), tmp_path / "theirs")
    with served(theirs) as address, lossy(address) as way:
        yield Two(business, theirs, way)
