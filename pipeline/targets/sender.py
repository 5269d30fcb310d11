"""Who sends to the billing platform: its address, and what lets a sender in."""

from dataclasses import dataclass, field
from urllib.parse import unquote

from pipeline.addresses import is_safe, parsed
from pipeline.settings import connection_token, connection_variable, secret
from transforms.errors import MeterbridgeError

NAME = "platform"
VARIABLE = connection_variable(NAME)
WRITTEN = (
    "write the address as https://host/path, and give the client's id and its secret: as login and password of "
    f"Airflow's connection meterbridge_{NAME}, or as https://client@host/path in {VARIABLE} and the secret in "
    f"{VARIABLE}_TOKEN_FILE"
)


class PlatformAddressError(MeterbridgeError):
    """The connection of the billing platform cannot be used; the message says how it is written, without its secret."""


@dataclass(frozen=True)
class Sender:
    """A platform's address without any log-in, and the client that sends there."""

    url: str
    client_id: str
    secret: str = field(repr=False)

    @classmethod
    def of(cls, address: str, client_id: str | None, secret: str | None) -> "Sender":
        """Read an address, in which the client's id and secret may stand too; PlatformAddressError when unusable."""
        url = parsed(address)
        client_id, secret = client_id or unquote(url.username), secret or unquote(url.password)
        if not (is_safe(url) and client_id and secret) or url.query or url.fragment:
            raise PlatformAddressError(f"the connection of the billing platform is not complete: {WRITTEN}")
        return cls(str(url.copy_with(userinfo=b"")).rstrip("/"), client_id, secret)


def from_environment() -> Sender | None:
    """Read METERBRIDGE_CONNECTION_PLATFORM and its token, or the files named beside; None where it is not set."""
    address = secret(VARIABLE)
    return Sender.of(address, None, connection_token(NAME)) if address else None


def required(found: Sender | None) -> Sender:
    """Give the sender that was found; PlatformAddressError where there is none."""
    if found is None:
        raise PlatformAddressError(f"there is no connection to the billing platform: {WRITTEN}")
    return found
