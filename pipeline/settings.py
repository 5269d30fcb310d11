"""Where things are: read from the environment, once, at the edge."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transforms.errors import MeterbridgeError

PROJECT = Path(__file__).resolve().parent.parent
FOLDERS = {"METERBRIDGE_HOME": "var", "METERBRIDGE_CATALOG": "catalog", "METERBRIDGE_INBOX": "samples"}
CONNECTION = "METERBRIDGE_CONNECTION_"
STORE_ADVICE = "give the usage store's URL, such as postgresql+psycopg://user@host/meterbridge (`make up` starts one)"


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
            store_url=_required("METERBRIDGE_STORE_URL", STORE_ADVICE),
            home=folder("METERBRIDGE_HOME"),
            catalog=catalog_folder(),
            inbox=folder("METERBRIDGE_INBOX"),
        )


@dataclass(frozen=True)
class EngineSettings:
    """`name` is the engine that derives; `memory` (such as 1GB) bounds a DuckDB, `spark_master` is where Spark runs."""

    name: str
    memory: str | None
    spark_master: str

    @classmethod
    def read(cls) -> "EngineSettings":
        """Read METERBRIDGE_ENGINE, METERBRIDGE_ENGINE_MEMORY and METERBRIDGE_SPARK_MASTER."""
        return cls(
            name=os.environ.get("METERBRIDGE_ENGINE", "duckdb"),
            memory=os.environ.get("METERBRIDGE_ENGINE_MEMORY"),
            spark_master=os.environ.get("METERBRIDGE_SPARK_MASTER", "local[*]"),  # this machine's cores
        )


def catalog_folder() -> Path:
    """Find the catalog alone, for the DAG files: they need no store, and are read every few seconds."""
    return folder("METERBRIDGE_CATALOG")


def folder(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Find one of FOLDERS: where its variable says, or where it is without one, below the project."""
    return (PROJECT / environ.get(name, FOLDERS[name])).resolve()


def connection(name: str) -> str:
    """Read the address of a database or an API that a source is fetched from, such as METERBRIDGE_CONNECTION_BILLING.

    It may stand in the file that METERBRIDGE_CONNECTION_<NAME>_FILE names. SettingsError when neither is there.
    """
    variable = connection_variable(name)
    return _required(variable, "give the address of the database or API, such as postgresql://user:password@host/usage")


def connection_token(name: str) -> str | None:
    """Read the token that a connection shows, if it has one: METERBRIDGE_CONNECTION_<NAME>_TOKEN, or …_TOKEN_FILE."""
    return secret(f"{connection_variable(name)}_TOKEN")


def connection_variable(name: str) -> str:
    """Name the variable that holds the address of a connection."""
    return f"{CONNECTION}{name.upper()}"


def _required(name: str, advice: str) -> str:
    if value := secret(name):
        return value
    raise SettingsError(f"{name} is not set: {advice}, or put it into a file and name that in {name}_FILE")


def secret(name: str) -> str | None:
    """Read a variable, or the file that …_FILE names in its place; None when neither is set."""
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{name}_FILE: {file} cannot be read ({error.strerror})") from error
    return os.environ.get(name)
