"""What the API needs to know of its surroundings: read from the environment, once."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.settings import SettingsError, secret
from web.clients import Clients, read_clients

KEY_BYTES_MIN = 32
CALLS_PER_MINUTE = 600


@dataclass(frozen=True)
class ApiSettings:
    """`clients` is None where none are declared: then only Airflow's own log-in opens the API."""

    clients: Clients | None = None
    calls_per_minute: int = CALLS_PER_MINUTE

    @classmethod
    def read(cls) -> "ApiSettings":
        """Read METERBRIDGE_API_CLIENTS, METERBRIDGE_API_SECRET (or …_FILE), METERBRIDGE_API_CALLS_PER_MINUTE."""
        path = os.environ.get("METERBRIDGE_API_CLIENTS")
        known = read_clients(Path(path)) if path else {}
        return cls(Clients(known, _key()) if known else None, _calls_per_minute())


def _key() -> str:
    key = secret("METERBRIDGE_API_SECRET") or ""
    if len(key.encode()) < KEY_BYTES_MIN:
        raise SettingsError(
            f"METERBRIDGE_API_SECRET must hold at least {KEY_BYTES_MIN} bytes, for it signs the clients' tokens: "
            "write such as `openssl rand -hex 32` prints into a file and name that in METERBRIDGE_API_SECRET_FILE"
        )
    return key


def _calls_per_minute() -> int:
    text = os.environ.get("METERBRIDGE_API_CALLS_PER_MINUTE", str(CALLS_PER_MINUTE))
    if not text.isdecimal() or int(text) < 1:
        raise SettingsError(f"METERBRIDGE_API_CALLS_PER_MINUTE is {text!r}, expected a whole number above 0")
    return int(text)
