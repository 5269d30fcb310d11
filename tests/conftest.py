"""A real PostgreSQL for every test that needs one, embedded or named by the environment; and a small business on it."""

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.sql import SQL, Identifier

from pipeline import steps
from pipeline.catalog import Catalog
from pipeline.extract import Extracted
from pipeline.load import Loaded
from pipeline.rate import BillRun
from pipeline.register import register
from pipeline.store import tables
from pipeline.store.engine import connect
from pipeline.store.exporting import ExportFile
from pipeline.store.migrate import migrate
from stack import postgres
from stack.settings import read_settings
from transforms.period import Month

NOW = datetime(2026, 1, 15, tzinfo=UTC)  # any instant after the periods that tests bill


@pytest.fixture(scope="session")
def server() -> Iterator[sa.URL]:
    """The URL of a running server, without a database."""
    with tempfile.TemporaryDirectory(prefix="mb-") as folder:  # short: a unix socket's path is at most 107 bytes long
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


UNITS = """
units:
  kwh: {decimals: 3, aliases: {wh: 1/1000}}
  hour: {decimals: 2}
currencies:
  EUR: {decimals: 2}
  USD: {decimals: 2}
"""
CHARGE = "charge: energy\nuom: kwh\ncurrency: EUR\npricing: {model: per_unit, price: 0.25}\n"
SOURCE = """
source: power
files: power/{account}/*
columns: {at: at, value: value}
duplicates: keep
quarantine_limit: 0.9
"""
METER = """
meter: energy
owner: billing@example.com
source: power
derive: {function: sum}
map: {charge: energy, unit: kwh}
"""
ACCOUNTS = "account_number,name,currency,time_zone,status\nA-1,Mill,EUR,UTC,Active\n"
CHARGES = (
    "charge_number,subscription_number,account_number,charge,start_at,end_at,status\n"
    "C-1,S-1,A-1,energy,2020-01-01T00:00:00Z,,Active\n"
)
MARCH = "at,value\n2025-03-01T00:00:00Z,1\n2025-03-15T12:00:00Z,2\n2025-03-31T23:59:59Z,3.5\n"  # 6.5 kWh, 1.625 EUR
MOMENTS = {"landed_at", "arrived_at", "created_at", "updated_at", "written_at", "rated_at", "until"}
NUMBERS = {"record_id", "item_id"}  # given out by the database: they say nothing about the business


@dataclass
class Business:
    """One account with one meter in a folder of its own: it sums kWh, at 0.25 EUR each. Tests change it."""

    store: sa.Engine
    folder: Path

    def __post_init__(self) -> None:
        self.home, self.inbox, self.catalog_folder = (self.folder / name for name in ("home", "inbox", "catalog"))
        self.declare("units.yaml", UNITS)
        self.declare("charges/energy.yaml", CHARGE)
        self.declare("sources/power.yaml", SOURCE)
        self.declare("meters/energy.yaml", METER)
        self.deliver("customers/accounts.csv", ACCOUNTS)
        self.deliver("customers/subscribed_charges.csv", CHARGES)
        self.register()

    @property
    def catalog(self) -> Catalog:
        return Catalog.read(self.catalog_folder)

    def declare(self, name: str, text: str) -> Path:
        """Write a file of the catalog."""
        return _write(self.catalog_folder / name, text)

    def deliver(self, name: str, content: str | bytes) -> Path:
        """Put a file into the inbox."""
        return _write(self.inbox / name, content)

    def customer(self, account: str, charge: str = "C-{}", *, of: str = "energy", **changes: str) -> None:
        """Add an account and one charge of it to the customer files, and register them."""
        row = {"currency": "EUR", "time_zone": "UTC", "status": "Active"} | changes
        number = account.removeprefix("A-")
        accounts, charges = (self.inbox / "customers" / f"{name}.csv" for name in ("accounts", "subscribed_charges"))
        with accounts.open("a") as file:
            file.write(f"{account},Shop {number},{row['currency']},{row['time_zone']},{row['status']}\n")
        with charges.open("a") as file:
            file.write(f"{charge.format(number)},S-{number},{account},{of},2020-01-01T00:00:00Z,,Active\n")
        self.register()

    def register(self) -> None:
        register(self.store, self.catalog, self.inbox / "customers")

    def extract(self, source: str = "power", *, retry: bool = False) -> Extracted:
        found = self.catalog.source(source)
        return steps.extract(self.store, found, self.inbox, self.home, until=NOW, retry=retry)

    def prepare(self, meter: str = "energy", period: str = "2025-03") -> tuple[Path, Path]:
        """Derive, map and validate: (usage, verdict), ready to be loaded."""
        wanted, month = self.catalog.meter(meter), Month.parse(period)
        quantities = steps.derive(self.store, self.catalog, wanted, month, self.home, at=NOW)
        usage = steps.map_usage(self.store, self.catalog, quantities, self.home)
        return usage, steps.validate_usage(self.store, self.catalog, usage, self.home)

    def load(self, usage: Path, verdict: Path) -> Loaded:
        return steps.load(self.store, self.catalog, usage, verdict, self.home)

    def run(self, meter: str = "energy", period: str = "2025-03") -> Loaded:
        """Take a meter's period from readings to the store."""
        return self.load(*self.prepare(meter, period))

    def bill(self, content: str | bytes = MARCH, name: str = "power/A-1/march.csv") -> Loaded:
        """Deliver a file, extract it and load March."""
        self.deliver(name, content)
        self.extract()
        return self.run()

    def rate(self, period: str = "2025-03") -> BillRun:
        return steps.rate(self.store, self.catalog, Month.parse(period), self.home, at=NOW)

    def export(self, period: str = "2025-03") -> list[ExportFile]:
        return steps.export(self.store, Month.parse(period), self.home)

    def rows(self, table: str, *columns: str) -> list[Any]:
        """List a table's rows, sorted: tuples of the columns, or the values of the only one."""
        with self.store.begin() as connection:
            statement = sa.text(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {', '.join(columns)}")  # noqa: S608 names come from tests
            found = [tuple(row) for row in connection.execute(statement)]
        return [row[0] for row in found] if len(columns) == 1 else found

    def quantities(self) -> list[Any]:
        """List (charge number, period, quantity, readings) of what is active."""
        return self.rows(
            "usage_records WHERE superseded_by IS NULL",
            "charge_number", "period", "quantity", "readings",
        )  # fmt: skip

    def contents(self) -> dict[str, list[str]]:
        """Give all that the store holds but moments and the database's own numbers."""
        with self.store.begin() as connection:
            return {table.name: sorted(_business(connection, table)) for table in tables.metadata.sorted_tables}


def _business(connection: sa.Connection, table: sa.Table) -> list[str]:
    columns = [column for column in table.columns if column.name not in MOMENTS | NUMBERS]
    statement = sa.select(*columns)
    if table is tables.rated_usage:
        columns = [
            tables.rated_items.c.charge_number,
            tables.rated_items.c.bill_run_id,
            tables.usage_records.c.record_key,
        ]
        statement = sa.select(*columns).select_from(table.join(tables.rated_items).join(tables.usage_records))
    return [repr(dict(row)) for row in connection.execute(statement).mappings()]


def _write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.fixture
def business(store: sa.Engine, tmp_path: Path) -> Business:
    """A small business with an empty store."""
    return Business(store, tmp_path)


@pytest.fixture
def march() -> str:
    """Three readings of March 2025 that come to 6.5 kWh."""
    return MARCH


@pytest.fixture
def now() -> datetime:
    """An instant after the periods that tests bill."""
    return NOW
