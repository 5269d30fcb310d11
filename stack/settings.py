"""Where the local stack lives: folders and port, from the environment, relative to the project's root."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.settings import PROJECT, folder

DEFAULT_PORT = 8080


class StackError(RuntimeError):
    """The stack cannot do what was asked; the message says what happened and what to do."""


@dataclass(frozen=True)
class Settings:
    """`home` holds all data of the stack; `server` is a PostgreSQL server URL, or None for the embedded one."""

    root: Path
    home: Path
    port: int
    server: str | None
    catalog: Path
    inbox: Path
    dags: Path

    @property
    def plugins(self) -> Path:
        """The folder of Airflow's plugins."""
        return self.root / "plugins"

    @property
    def run(self) -> Path:
        """The folder of pid files and of the components' logs."""
        return self.home / "run"

    @property
    def url(self) -> str:
        """The address of Airflow's web UI."""
        return f"http://127.0.0.1:{self.port}"


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the METERBRIDGE_* variables; StackError when the port is no number between 1 and 65535."""
    return Settings(
        root=PROJECT,
        home=folder("METERBRIDGE_HOME", environ),
        port=_port(environ.get("METERBRIDGE_PORT", str(DEFAULT_PORT))),
        server=environ.get("METERBRIDGE_POSTGRES") or None,
        catalog=folder("METERBRIDGE_CATALOG", environ),
        inbox=folder("METERBRIDGE_INBOX", environ),
        dags=PROJECT / "dags",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:  # noqa: PLR2004 the highest TCP port there is
        raise StackError(f"METERBRIDGE_PORT is {text!r}, expected a port number from 1 to 65535")
    return int(text)
