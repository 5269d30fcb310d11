"""What the environment keeps secret, so that no reason that is kept or sent shows it."""

import os
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, urlsplit

from pipeline.settings import CONNECTION, secret

SECRETS = ("METERBRIDGE_STORE_URL", "METERBRIDGE_API_SECRET", "PGPASSWORD")
LENGTH_MIN = 4  # what is shorter stands in many words by chance
LONG = 12  # a part of a path that is no word, but a key


def without_secrets(text: str) -> str:
    """Put asterisks where a password, a token or a secret address of the environment stands in a text."""
    return hidden_parts(text, *(secret(name) or "" for name in _names()))


def hidden_parts(text: str, *secrets: str) -> str:
    """Put asterisks where one of these stands in a text: a token, or of an address whatever lets somebody in."""
    found = {part for each in secrets for part in _parts(each) if len(part) >= LENGTH_MIN}
    return hidden(text, *sorted(found, key=len, reverse=True))


def hidden(text: str, *secrets: str | None) -> str:
    """Put asterisks where a secret stands in what a library says, as it is or as an address holds it."""
    for each in filter(None, secrets):
        for written in (each, quote(each, safe=""), quote_plus(each)):
            text = text.replace(written, "***")
    return text


def _names() -> set[str]:
    given = {name.removesuffix("_FILE") for name in os.environ}
    return {name for name in given if name in SECRETS or name.startswith(CONNECTION)}


def _parts(value: str) -> Iterator[str]:
    """Give what must not be seen of a value: all of it, and of an address its password, its query and its path."""
    yield value
    try:
        parts = urlsplit(value)
    except ValueError:
        return
    if not (parts.scheme and parts.netloc):
        return
    path = parts.path.strip("/") if parts.scheme in {"http", "https"} else ""
    for each in (parts.password or "", parts.query, path, *(word for word in path.split("/") if len(word) >= LONG)):
        yield from (each, unquote(each))
