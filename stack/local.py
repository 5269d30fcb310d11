"""The local stack as a whole: up, down, and what runs."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from stack import airflow, postgres
from stack.keys import USER, keep_keys
from stack.settings import Settings, StackError

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """What a started stack is reached by."""

    settings: Settings
    store_url: str
    user: str
    password: str


def up(settings: Settings, tell: Tell) -> Stack:
    """Start PostgreSQL and Airflow, migrate both databases, load the catalog; a failed start leaves nothing behind."""
    if components := airflow.running(settings):
        raise StackError(f"already running in {settings.home}: {', '.join(components)}; `make down` stops it")
    airflow.check_port(settings)
    try:
        return _start(settings, tell)
    except BaseException:
        down(settings, tell)
        raise


def down(settings: Settings, tell: Tell) -> None:
    """Stop what runs, Airflow first."""
    with _uninterrupted():
        stopped = airflow.stop(settings)
        if postgres.stop(settings):
            stopped.append("postgres")
    tell(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


def running(settings: Settings) -> list[str]:
    """Names of what runs."""
    return airflow.running(settings) + (["postgres"] if postgres.is_running(settings) else [])


def _start(settings: Settings, tell: Tell) -> Stack:
    keys = keep_keys(airflow.folder(settings))
    tell("starting PostgreSQL" if settings.server is None else "using the PostgreSQL server of METERBRIDGE_POSTGRES")
    databases = postgres.start(settings)
    env = airflow.environment(settings, databases, keys)
    tell("migrating both databases, loading the catalog")
    _migrate(settings, env)
    airflow.start(settings, env)
    tell("waiting for Airflow")
    airflow.await_healthy(settings)
    return Stack(settings, databases.store, USER, keys.password)


def _migrate(settings: Settings, env: Mapping[str, str]) -> None:
    """Bring both databases up at once: each takes seconds, most of them to import its libraries."""
    with ThreadPoolExecutor() as pool:
        metadata = pool.submit(airflow.migrate, env, settings.run / "airflow-migrate.log")
        store = pool.submit(_prepare_store, settings, env)
        metadata.result()
        store.result()


def _prepare_store(settings: Settings, env: Mapping[str, str]) -> None:
    program = "from pipeline.cli import main; main()"  # as the console command, also where that is not installed
    for command in ("migrate", "register"):
        airflow.run([sys.executable, "-c", program, command], env=env, log=settings.run / f"{command}.log")


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let no second Ctrl-C leave half of the stack running."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
