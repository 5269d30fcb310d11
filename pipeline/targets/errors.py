"""What is said when the billing platform does not do what it was asked for."""

from pipeline.patience import TryAgainError
from transforms.errors import MeterbridgeError

AGAIN = "what is right again is sent by the next `meterbridge send`, under the same unique keys"


class TargetError(MeterbridgeError):
    """The billing platform did not do what it was asked for; the message says where, what, and what to do."""


class TargetUnavailableError(TargetError, TryAgainError):
    """No answer came, or none that is final: whether a file arrived is unknown until it is looked up."""


class TargetRefusedError(TargetError):
    """The platform refused, and did nothing; `status` is that of its answer."""

    def __init__(self, message: str, status: int) -> None:
        """Say what was refused and why."""
        super().__init__(message)
        self.status = status
