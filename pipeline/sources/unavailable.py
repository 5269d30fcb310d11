"""Why nothing could be fetched: said with the connection and its host, and never with what it shows to be let in."""

from urllib.parse import quote, quote_plus

from transforms.errors import MeterbridgeError


class SourceUnavailableError(MeterbridgeError):
    """A database or an API did not give what it was asked for; nothing of it was kept, and it can be asked again."""


class AnswerError(Exception):
    """An answer came, and cannot be taken; whoever asked says where from."""


def hidden(text: str, *secrets: str | None) -> str:
    """Put asterisks where a secret stands in what a library says, as it is or as an address holds it."""
    for secret in filter(None, secrets):
        for written in (secret, quote(secret, safe=""), quote_plus(secret)):
            text = text.replace(written, "***")
    return text
