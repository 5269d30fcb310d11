"""The API's clients: who they are, what they may do, and the tokens that they get for their secret."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import jwt
from starlette.requests import Request

from pipeline.catalog.documents import Document
from pipeline.settings import SettingsError
from web.callers import Caller, Role, bearer
from web.client_secrets import SecretError, check_hash, hash_secret, matches

ALGORITHM = "HS256"
NAME = "meterbridge"  # of who signs a token, and of whom it is for
LIFETIME = timedelta(hours=1)
CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
KEYS = {"secret_hash", "role"}
ROLES = {role.name.lower(): role for role in Role}
# An unknown client is compared with this, so that it takes as long as a wrong secret.
NOBODY = hash_secret("a secret of nobody", b"salt of nobody..")


@dataclass(frozen=True)
class Client:
    """One client: the hash of its secret, and its role."""

    secret_hash: str = field(repr=False)
    role: Role


@dataclass(frozen=True)
class Token:
    """An access token, for how many seconds it is good, its id, and the role it gives."""

    text: str = field(repr=False)
    seconds: int
    token_id: str
    role: Role


@dataclass(frozen=True)
class Clients:
    """All clients, and the key that signs their tokens."""

    known: Mapping[str, Client]
    key: str = field(repr=False)

    def token(self, client_id: str, secret: str, at: datetime) -> Token | None:
        """Give a client a token; None for an unknown client and for a wrong secret alike."""
        client = self.known.get(client_id)
        right = matches(secret, client.secret_hash if client else NOBODY)
        if client is None or not right:
            return None
        token_id = uuid.uuid4().hex
        claims = {"iss": NAME, "aud": NAME, "sub": client_id, "iat": at, "exp": at + LIFETIME, "jti": token_id}
        text = jwt.encode(claims, self.key, ALGORITHM)
        return Token(text, int(LIFETIME.total_seconds()), token_id, client.role)

    async def log_in(self, request: Request) -> Caller | None:
        """Tell which client's token a request bears; its role is what the clients file says today."""
        name = self.subject(bearer(request) or "")
        return Caller(name, self.known[name].role) if name in self.known else None

    def subject(self, token: str) -> str:
        """Give the client that a token was made for; empty when it is not ours, or no longer good."""
        required = ["exp", "iat", "sub", "jti"]
        try:
            claims = jwt.decode(token, self.key, [ALGORITHM], issuer=NAME, audience=NAME, options={"require": required})
        except (jwt.InvalidTokenError, ValueError):
            return ""
        return str(claims["sub"])


def read_clients(path: Path) -> dict[str, Client]:
    """Read a clients file: client id -> {secret_hash, role}, or nothing.

    SettingsError says what is wrong, without showing it.
    """
    data = _document(path)
    if not isinstance(data, dict):
        raise SettingsError(f"{path}: must list clients, each with secret_hash and role")
    return {
        str(client_id): _client(f"{path}: client {client_id!r}", str(client_id), entry)
        for client_id, entry in data.items()
    }


def _document(path: Path) -> object:
    try:
        return Document.read(path).data
    except OSError as error:
        raise SettingsError(f"METERBRIDGE_API_CLIENTS: {path} cannot be read ({error.strerror})") from error


def _client(where: str, client_id: str, entry: object) -> Client:
    if not CLIENT_ID.fullmatch(client_id):
        raise SettingsError(f"{where}: an id has 1 to 64 letters, digits, dots, hyphens or underscores")
    if not isinstance(entry, dict) or set(entry) != KEYS:
        raise SettingsError(f"{where}: needs secret_hash and role, and nothing else")
    if entry["role"] not in ROLES:
        raise SettingsError(f"{where}: the role must be one of {', '.join(ROLES)}")
    try:
        check_hash(str(entry["secret_hash"]))
    except SecretError as error:
        raise SettingsError(f"{where}: {error}") from None
    return Client(str(entry["secret_hash"]), ROLES[entry["role"]])
