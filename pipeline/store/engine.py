"""Connections to the usage store, with the time-outs that keep a vanished client from holding a lock for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import psycopg
import sqlalchemy as sa

from transforms.errors import MeterbridgeError

TIMEOUTS = {
    "lock_timeout": "60s",
    "idle_in_transaction_session_timeout": "120s",
    "client_connection_check_interval": "10s",  # also while a statement or a COPY runs
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
    "datestyle": "ISO",
    "application_name": "meterbridge",
}
KEEPALIVES = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


class StoreError(MeterbridgeError):
    """The usage store cannot be used as it is; the message says what to do."""


@lru_cache(maxsize=8)
def connect(url: str) -> sa.Engine:
    """Give the engine of a usage store (`postgresql+psycopg://…`), one per process and URL; StoreError for no URL."""
    try:
        parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
    except (sa.exc.ArgumentError, ValueError):
        # Neither the URL nor its error is shown: a password may stand in it.
        raise StoreError(
            "the usage store's URL cannot be read: write METERBRIDGE_STORE_URL as postgresql+psycopg://user@host/meterbridge"
        ) from None
    options = " ".join(f"-c {name}={value}" for name, value in TIMEOUTS.items())
    arguments = {"options": options, **KEEPALIVES}
    engine = sa.create_engine(parsed, connect_args=arguments, pool_size=2, hide_parameters=True)
    sa.event.listen(engine, "connect", _speak_utc)
    return engine


@contextmanager
def one_moment(store: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection whose questions are all answered as of the first one, whatever is committed meanwhile."""
    with store.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        yield connection


def _speak_utc(connection: psycopg.Connection[tuple[object, ...]], _record: object) -> None:
    """Set again what PGTZ and PGDATESTYLE of the environment would win over the options: exports show these."""
    for name in ("timezone", "datestyle"):
        connection.execute("SELECT set_config(%s, %s, false)", [name, TIMEOUTS[name]])
    connection.commit()
