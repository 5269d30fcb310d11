"""Advisory locks, held until the transaction ends.

Always taken in this order, so that none waits for another in a ring:

1. an upload's content: alone by whoever submits it, or makes records of a call;
2. `SHAPE`: shared by all who write usage or bill it, alone by a load that builds a partition;
3. `UNIQUE_KEYS`: alone by whoever changes or deletes records one by one, or takes over those of the same unique key;
4. the billing periods, in order: shared by whoever adds, changes or deletes usage, alone by a bill run, an export or
   the planning of what is sent; the bill run of a commitment also shares those that count towards it, once it has its
   own, which is longer;
5. the meter in that period: alone by a load;
6. `UNITS`: alone by whoever makes or changes a unit of measure;
7. `INVOICE_NUMBERS`: alone by whoever posts a bill run;
8. `FUNDS`: alone by a bill run that may draw prepaid units, and by whoever cancels one;
9. `CUSTOMERS`: alone by whoever registers accounts and charges.

Rows come after these locks: imports first, then their records.
"""

import hashlib

import sqlalchemy as sa

SHAPE = "shape"
UNIQUE_KEYS = "unique keys"
UNITS = "units of measure"
INVOICE_NUMBERS = "invoice numbers"
FUNDS = "prepaid funds"
CUSTOMERS = "customers"


def exclusive(connection: sa.Connection, *names: str) -> None:
    """Wait until nobody else holds the lock of these names, in either way, and hold it alone."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_key(names))))


def shared(connection: sa.Connection, *names: str) -> None:
    """Wait until nobody holds the lock of these names alone, and hold it beside others who share it."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_key(names))))


def _key(names: tuple[str, ...]) -> sa.ColumnElement[int]:
    digest = hashlib.sha256("\0".join(("meterbridge", *names)).encode()).digest()
    return sa.literal(int.from_bytes(digest[:8], "big", signed=True), sa.BigInteger)
