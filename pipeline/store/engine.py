"""Connections to the usage store, with the time-outs that keep a vanished client from holding a lock for ever."""

from functools import lru_cache

import sqlalchemy as sa

from transforms.errors import MeterbridgeError

TIMEOUTS = {
    "lock_timeout": "60s",
    "idle_in_transaction_session_timeout": "120s",
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
    return sa.create_engine(parsed, connect_args={"options": options, **KEEPALIVES}, pool_size=2, hide_parameters=True)
