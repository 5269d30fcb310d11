"""Where things are: read from the environment, once, at the edge."""

import os
from dataclasses import dataclass
from pathlib import Path

from transforms.errors import MeterbridgeError

PROJECT = Path(__file__).resolve().parent.parent


class SettingsError(MeterbridgeError):
    """A setting is missing or contradicts another; the message says which, and what to do."""


@dataclass(frozen=True)
class Settings:
    """`store_url` is the usage store; `home` holds readings, work, exports, data docs; raw files arrive in `inbox`."""

    store_url: str
    home: Path
    catalog: Path
    inbox: Path

    @classmethod
    def read(cls) -> "Settings":
        """Read METERBRIDGE_STORE_URL (or …_FILE), METERBRIDGE_HOME, METERBRIDGE_CATALOG and METERBRIDGE_INBOX."""
        return cls(
            store_url=_secret("METERBRIDGE_STORE_URL"),
            home=_folder("METERBRIDGE_HOME", "var"),
            catalog=_folder("METERBRIDGE_CATALOG", "catalog"),
            inbox=_folder("METERBRIDGE_INBOX", "samples"),
        )


def catalog_folder() -> Path:
    """Find the catalog alone, for whoever needs no store: the DAG files, which are read every few seconds."""
    return _folder("METERBRIDGE_CATALOG", "catalog")


def _folder(name: str, default: str) -> Path:
    return (PROJECT / os.environ.get(name, default)).resolve()


def _secret(name: str) -> str:
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{name}_FILE: {file} cannot be read ({error.strerror})") from error
    if value := os.environ.get(name):
        return value
    raise SettingsError(
        f"{name} is not set: give the usage store's URL, such as postgresql+psycopg://user@host/meterbridge, or put it "
        f"into a file and name that in {name}_FILE (`make up` starts a local one)"
    )
