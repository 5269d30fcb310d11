"""Why a file cannot be read: the reason it is quarantined whole for, a code first."""

from transforms.errors import MeterbridgeError


class UnreadableFileError(MeterbridgeError):
    """A file that is quarantined whole; the message is the reason, a code first."""


def unreadable(error: Exception) -> UnreadableFileError:
    """Turn what a library says of a file into the reason."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, UnicodeError) or "UTF8" in text:
        return UnreadableFileError(f"wrong_encoding: {text}; declare the source's format.encoding")
    if "Empty CSV" in text:
        return UnreadableFileError("open_quote: a quote in the header is opened and never closed")
    if "Could not skip" in text:
        return UnreadableFileError("empty_file: it has fewer lines than the source's format.skip_lines")
    if "straddling" in text:
        return UnreadableFileError("long_row: a row has more than 1 MiB, as when a quote is opened and never closed")
    return UnreadableFileError(
        f"damaged_file: {text.rstrip('.')}; is it what the source's format.kind says? Else ask the sender for it again"
    )
