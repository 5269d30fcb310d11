"""What a bill run is asked for: a period, of all accounts or of one batch, whole or on demand."""

from dataclasses import dataclass
from datetime import date

from transforms.catalog.charge import Charge, Timing
from transforms.catalog.customers import Account
from transforms.period import Period
from transforms.rating.usage import UsageLine


@dataclass(frozen=True)
class Asked:
    """A bill run of `period`; with a `target_date` before its end, of on-demand charges' usage that starts before it.

    A target date on or after the end asks for the whole period. `batch` narrows it to the accounts of that batch.
    `by_schedule`, nobody asks for fees that were left out when the period was billed.
    """

    period: Period
    batch: str | None = None
    target_date: date | None = None
    by_schedule: bool = False

    @property
    def running(self) -> bool:
        """Whether it is asked for before the period has ended."""
        return self.target_date is not None and self.target_date < self.period.end

    @property
    def whole(self) -> bool:
        """Whether it is asked for all that there is of the period."""
        return self.batch is None and not self.running

    def has(self, account: Account) -> bool:
        """Tell whether it bills an account."""
        return self.batch is None or account.batch == self.batch

    def takes(self, line: UsageLine, charge: Charge | None) -> bool:
        """Tell whether it takes usage of an account that it bills; what was billed before always counts."""
        if not self.running or self.target_date is None:
            return True
        on_demand = charge is not None and charge.timing is Timing.ON_DEMAND
        return on_demand and (line.status == "Processed" or line.start_date < self.target_date)
