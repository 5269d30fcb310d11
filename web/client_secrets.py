"""Client secrets: kept as salted scrypt hashes, compared in constant time."""

import base64
import hashlib
import hmac
import os

from transforms.errors import MeterbridgeError

SCHEME = "scrypt"
COST, BLOCK, PARALLEL = 2**14, 8, 1  # 16 MB and about 50 ms for each guess
SECRET_CHARACTERS_MIN = 16


class SecretError(MeterbridgeError):
    """A secret is too short, or what is kept of it cannot be read; the secret itself is never shown."""


def hash_secret(secret: str, salt: bytes | None = None) -> str:
    """Give the text that is kept in place of a secret: scheme, salt and hash; SecretError for a short secret."""
    if len(secret) < SECRET_CHARACTERS_MIN:
        raise SecretError(f"a client's secret needs at least {SECRET_CHARACTERS_MIN} characters")
    salt = salt or os.urandom(16)
    return "$".join((SCHEME, _text(salt), _text(_derive(secret, salt))))


def check_hash(kept: str) -> None:
    """Raise SecretError unless a kept text can be compared with."""
    _parts(kept)


def matches(secret: str, kept: str) -> bool:
    """Tell whether a secret is the one whose hash is kept; takes as long either way."""
    salt, expected = _parts(kept)
    return hmac.compare_digest(_derive(secret, salt), expected)


def _parts(kept: str) -> tuple[bytes, bytes]:
    try:
        scheme, salt, expected = kept.split("$")
        parts = base64.b64decode(salt, validate=True), base64.b64decode(expected, validate=True)
    except ValueError:
        scheme, parts = "", (b"", b"")
    if scheme != SCHEME or not all(parts):
        raise SecretError("a secret_hash must be what `meterbridge hash-secret` prints")
    return parts


def _derive(secret: str, salt: bytes) -> bytes:
    # A lone surrogate is no UTF-8; such a secret is wrong, not an error.
    return hashlib.scrypt(secret.encode(errors="surrogatepass"), salt=salt, n=COST, r=BLOCK, p=PARALLEL)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
