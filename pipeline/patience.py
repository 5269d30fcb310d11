"""Patience: how long a server is waited for and when it is asked again; one rule for all that are asked over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_exponential

BUSY = 429
T = TypeVar("T")


class TryAgainError(Exception):
    """An attempt that may go well the next time, not before `after_seconds` where the server says so.

    Once patience is at its end, `tried` tells how many attempts there were.
    """

    tried = 1

    def __init__(self, reason: str, after_seconds: float = 0) -> None:
        """Say what went wrong."""
        super().__init__(reason)
        self.after_seconds = after_seconds


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for: attempts of one request, the seconds between them, of all, and of one answer."""

    attempts: int = 6
    wait_seconds: float = 1  # after the first attempt, then twice as long each time
    wait_seconds_max: float = 60
    total_seconds: float = 600  # a pause that would end later, also one that the server asks for, is not waited for
    connect_seconds: float = 10
    read_seconds: float = 60

    def timeout(self) -> httpx.Timeout:
        """Give the time-outs of a single connection, read or write."""
        return httpx.Timeout(self.read_seconds, connect=self.connect_seconds)

    def again(self, act: Callable[[], T]) -> T:
        """Do what may be done again until it goes well; raises the last TryAgainError where it never does."""
        retrying = Retrying(
            retry=retry_if_exception_type(TryAgainError),
            stop=stop_after_attempt(self.attempts) | stop_before_delay(self.total_seconds),
            wait=self._pause,
            reraise=True,
        )
        try:
            return retrying(act)
        except TryAgainError as error:
            error.tried = retrying.statistics["attempt_number"]
            raise

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome and state.outcome.exception()
        asked = error.after_seconds if isinstance(error, TryAgainError) else 0
        return max(asked, wait_exponential(self.wait_seconds, self.wait_seconds_max)(state))


def passes(response: httpx.Response) -> bool:
    """Tell whether a server that answers so is only busy or out of order, and may answer otherwise later."""
    return response.status_code == BUSY or response.is_server_error


def retry_after(response: httpx.Response) -> float:
    """Read how many seconds a server wants to be left alone, from a number or an instant; 0 where it does not say."""
    text = response.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0
