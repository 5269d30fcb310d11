"""A real PostgreSQL for every test that needs one, embedded or named by the environment; what Hypothesis keeps to."""

import fcntl
import gc
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import hypothesis
import psycopg
import pytest
import sqlalchemy as sa
from psycopg.sql import SQL, Identifier

from pipeline.store.engine import connect
from pipeline.store.migrate import migrate
from stack import postgres
from stack.settings import read_settings

pytest_plugins = ["judged_once", "small_business"]  # tests/fixtures/ is on the path: see pyproject.toml

hypothesis.settings.register_profile("meterbridge", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("meterbridge")

MEMORY = Path("/dev/shm")  # noqa: S108 each server has a folder of its own there
PREFIX = "mb-run-"
ROOM_BYTES = 8 << 30  # for four servers at once, each with dozens of stores of 4 MB


def pytest_configure(config: pytest.Config) -> None:
    """End on SIGTERM as on Ctrl-C, so that servers and stacks are stopped: make passes it on to what it has started.

    Each run of the tests has temporary files in a folder of its own. In the one that pytest shares out, every run that
    begins closes the way to the servers of the others, which a root's run starts as another user.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="mb-tests-")
        config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never in what was imported: a sixth of a test of rules went into that."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def server() -> Iterator[sa.URL]:
    """The URL of a running server, without a database."""
    _clear_up()
    # The name is short, as a socket's path.
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=_folder()) as folder, _held(Path(folder)):
        settings = read_settings({**os.environ, "METERBRIDGE_HOME": folder})
        url = postgres.start(settings).server
        if settings.server is None:
            _make_quick(url)
        yield url
        postgres.stop(settings)


@pytest.fixture(scope="session")
def template(server: sa.URL) -> Iterator[str]:
    """A migrated, empty store that every test's own one is copied from."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    _administer(server, SQL("CREATE DATABASE {}").format(Identifier(name)))
    engine = connect(_url(server, name))
    migrate(engine)
    engine.dispose()
    yield name
    _administer(server, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def new_store(server: sa.URL, template: str) -> Iterator[Callable[[], sa.Engine]]:
    """Make as many empty stores as a test asks for."""
    engines: list[sa.Engine] = []
    copy = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")  # three times as quick for a small template

    def make() -> sa.Engine:
        name = f"store_{uuid.uuid4().hex[:12]}"
        _administer(server, copy.format(Identifier(name), Identifier(template)))
        engines.append(connect(_url(server, name)))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()
        _administer(server, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(engine.url.database or "")))


@pytest.fixture
def store(new_store: Callable[[], sa.Engine]) -> sa.Engine:
    """One empty store."""
    return new_store()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home for readings, work, exports and data docs."""
    return tmp_path / "home"


def _folder() -> Path | None:
    """Where to put a server: in memory, where there is room; a store is a thousand files, copied for each test."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES else None


def _clear_up() -> None:
    """End the servers of runs that were killed, and free their memory: nothing else would before the machine stops."""
    for data in MEMORY.glob(f"{PREFIX}*/postgres"):
        with suppress(OSError), _held(data.parent):
            postgres.stop(read_settings({"METERBRIDGE_HOME": str(data.parent)}))
            shutil.rmtree(data.parent)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder as long as this process lives; OSError where another process does."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _make_quick(server: sa.URL) -> None:
    """Let the embedded server skip what only a power cut would need: a test makes a database and drops it."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _administer(server, SQL("ALTER SYSTEM SET {} = off").format(Identifier(setting)))
    _administer(server, SQL("SELECT pg_reload_conf()"))


def _url(server: sa.URL, database: str) -> str:
    return server.set(drivername="postgresql+psycopg", database=database).render_as_string(hide_password=False)


def _administer(server: sa.URL, statement: object) -> None:
    url = server.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
