"""How often the billing platform is asked, and what is said when it does not do what it was asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential

from transforms.errors import MeterbridgeError

AGAIN = "what is right again is sent by the next `meterbridge send`, under the same unique keys"
T = TypeVar("T")


class TargetError(MeterbridgeError):
    """The billing platform did not do what it was asked for; the message says where, what, and what to do."""


class TargetUnavailableError(TargetError):
    """No answer came, or none that is final: whether a file arrived is unknown until it is looked up."""

    def __init__(self, message: str, after_seconds: float = 0) -> None:
        """Say what happened, and for how many seconds the platform wants to be left alone."""
        super().__init__(message)
        self.after_seconds = after_seconds


class TargetRefusedError(TargetError):
    """The platform refused, and did nothing; `status` is that of its answer."""

    def __init__(self, message: str, status: int) -> None:
        """Say what was refused and why."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Patience:
    """How long the platform is waited for: attempts of one call, seconds between them and for an answer."""

    attempts: int = 6
    wait_seconds: float = 1  # after the first attempt, then twice as long each time
    wait_seconds_max: float = 60
    timeout_seconds: float = 60

    def again(self, act: Callable[[], T]) -> T:
        """Do what may be done again until it is answered; the last TargetUnavailableError after all attempts."""
        retrying = Retrying(
            retry=retry_if_exception_type(TargetUnavailableError),
            stop=stop_after_attempt(self.attempts),
            wait=self._pause,
            reraise=True,
        )
        return retrying(act)

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome and state.outcome.exception()
        asked = error.after_seconds if isinstance(error, TargetUnavailableError) else 0
        return min(max(asked, wait_exponential(self.wait_seconds)(state)), self.wait_seconds_max)
