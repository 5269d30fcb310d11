"""The version of the usage store, against that of the program: neither may be ahead of the other."""

from pathlib import Path

import sqlalchemy as sa

from transforms.errors import MeterbridgeError

VERSIONS = Path(__file__).parent / "migrations" / "versions"
NEWEST = max(path.stem.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


class StoreVersionError(MeterbridgeError):
    """A store of another version than the program; nothing was read or written."""


def require_known(connection: sa.Connection) -> None:
    """Refuse a store that a newer program has migrated: this one would leave out what it does not know."""
    found = _version(connection)
    if found > NEWEST:
        raise StoreVersionError(
            f"the usage store was migrated to version {found} by a newer program, and this one knows {NEWEST}: take "
            "the newer program again, or restore the store from before the upgrade"
        )


def require_current(connection: sa.Connection) -> None:
    """Refuse a store of another version."""
    require_known(connection)
    if (found := _version(connection)) < NEWEST:
        stands = f"is of version {found}, and the program of {NEWEST}" if found else "has no tables"
        raise StoreVersionError(f"the usage store {stands}: run `meterbridge migrate` first")


def _version(connection: sa.Connection) -> str:
    """Give the number of the last migration; empty where there was none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or "")
