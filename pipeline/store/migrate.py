"""Migrations of the usage store: forward on every start, one process at a time."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from pipeline.store import locks
from pipeline.store.version import require_known

SCRIPTS = Path(__file__).parent / "migrations"


def migrate(engine: sa.Engine) -> None:
    """Bring the store up to date; waits while another process does the same. StoreVersionError where it is ahead."""
    with engine.begin() as connection:
        locks.exclusive(connection, "migrate")
        require_known(connection)
        command.upgrade(_config(connection), "head")


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Take the store back to an earlier revision (`base`: empty)."""
    with engine.begin() as connection:
        locks.exclusive(connection, "migrate")
        command.downgrade(_config(connection), revision)


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
