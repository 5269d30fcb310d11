"""Why a file is not even taken."""

from transforms.errors import MeterbridgeError
from transforms.upload.reasons import ADVICE, Refusal


class UploadRefusedError(MeterbridgeError):
    """A file that was not taken, `code` says why; nothing was created."""

    def __init__(self, code: Refusal, found: str) -> None:
        """Make the error of a refusal and what was found."""
        super().__init__(f"{code}: {found}; {ADVICE[code]}")
        self.code = code


def refusal(reason: str) -> UploadRefusedError:
    """Turn the reason for which a file cannot be read, a code first, into a refusal."""
    code, _, found = reason.partition(": ")
    known = code in set(Refusal)
    return UploadRefusedError(Refusal(code) if known else Refusal.DAMAGED_FILE, found if known else reason)
