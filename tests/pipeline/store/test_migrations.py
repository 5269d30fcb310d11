"""The migrations build what the code expects, take it away again, and do so on whatever PostgreSQL there is."""

import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from pipeline.store.engine import connect
from pipeline.store.migrate import downgrade, migrate
from pipeline.store.tables import metadata
from pipeline.store.version import StoreVersionError, require_current

SYSTEM = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
GUARDS = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"
FUNCTIONS = "SELECT count(*) FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE n.nspname = 'public'"


PARTITIONS = {"usage_records_shared"}


def _tables(store):
    return set(sa.inspect(store).get_table_names()) - PARTITIONS


def _is_ours(foreign_key):
    """PostgreSQL adds a constraint of its own for each partition."""
    return not {element.column.table.name for element in foreign_key.elements} & PARTITIONS


def _scalar(store, statement):
    with store.begin() as connection:
        return connection.execute(sa.text(statement)).scalar()


def _differences(store):
    with store.connect() as connection:
        opts = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, kind, _: kind != "table" or name not in PARTITIONS,
            "include_object": lambda each, _, kind, *__: kind != "foreign_key_constraint" or _is_ours(each),
        }
        context = MigrationContext.configure(connection, opts=opts)
        with warnings.catch_warnings():
            # The order of an index's columns cannot always be read back; names and tables are compared all the same.
            warnings.simplefilter("ignore", UserWarning)
            return compare_metadata(context, metadata)


def _checks(store, table):
    return {check["name"] for check in sa.inspect(store).get_check_constraints(table)}


def test_the_migrated_schema_is_the_one_that_the_code_declares(store):
    assert _differences(store) == []


@pytest.mark.parametrize("table", metadata.tables)
def test_every_check_of_a_table_is_in_the_database(store, table):
    declared = {
        each.name for each in metadata.tables[table].constraints if isinstance(each, sa.CheckConstraint) and each.name
    }
    assert _checks(store, table) == declared


def test_migrations_go_up_again_after_they_were_taken_down(store):
    downgrade(store, "base")
    assert _tables(store) == {"alembic_version"}
    assert (_scalar(store, GUARDS), _scalar(store, FUNCTIONS)) == (0, 0)
    migrate(store)
    assert _tables(store) == {"alembic_version", *metadata.tables}
    assert _differences(store) == []
    assert _scalar(store, GUARDS) == 21


def test_a_store_that_is_up_to_date_stays_as_it_is(business, march):
    business.bill(march)
    before = business.contents()
    migrate(business.store)
    assert business.contents() == before


def test_of_two_who_migrate_at_once_one_waits_for_the_other(store):
    downgrade(store, "base")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate, [store, store]))
    assert _tables(store) == {"alembic_version", *metadata.tables}


def test_a_migration_that_fails_leaves_the_store_as_it_was(store):
    downgrade(store, "0001")
    with store.begin() as connection:  # the second migration makes a function of this name
        connection.execute(sa.text("CREATE FUNCTION refuse_change() RETURNS int LANGUAGE sql AS 'SELECT 1'"))
    with pytest.raises(sa.exc.ProgrammingError):
        migrate(store)
    assert _scalar(store, "SELECT version_num FROM alembic_version") == "0001"
    assert _scalar(store, GUARDS) == 0


@pytest.mark.parametrize("revision", ["0005", "0004"])
def test_what_was_loaded_billed_and_exported_goes_down_and_up_again_unharmed(business, march, revision):
    business.bill(march)
    business.rate()
    business.post()
    business.bill("at,value\n2025-04-02T00:00:00Z,4\n", "power/A-1/april.csv")
    business.run(period="2025-04")
    business.export()
    before = business.contents()
    downgrade(business.store, revision)
    assert business.rows("usage_records", "quantity") == [Decimal(4), Decimal("6.5")]
    migrate(business.store)
    assert _differences(business.store) == []
    after = business.contents()
    if revision == "0004":  # which has no room for what is told of an import beside its usage
        before, after = ({**each, "imports": len(each["imports"]), "events": None} for each in (before, after))
    assert after == before
    with pytest.raises(sa.exc.DBAPIError, match="is Processed by bill run"), business.store.begin() as connection:
        connection.execute(sa.text("UPDATE usage_records SET quantity = 1"))
    assert business.run(period="2025-04").outcome == "exists"


@pytest.fixture
def system_server():
    """A server of the system's own PostgreSQL, on a socket in a folder of its own."""
    if not SYSTEM:
        pytest.skip("there is no PostgreSQL below /usr/lib/postgresql")
    owner = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    if owner not in {each.pw_name for each in pwd.getpwall()}:
        pytest.skip("the system's PostgreSQL does not run as root, and there is no user postgres")
    bin_folder, folder = SYSTEM[-1].parent, Path(tempfile.mkdtemp(prefix="mb-"))
    shutil.chown(folder, owner)
    as_owner = {"user": owner, "cwd": folder, "stdout": subprocess.DEVNULL}
    subprocess.run(
        [bin_folder / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        **as_owner,
    )
    control = [bin_folder / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log"]
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    subprocess.run([*control, "start", "-o", options], check=True, **as_owner)
    yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    subprocess.run([*control, "stop", "-m", "immediate"], check=True, **as_owner)
    shutil.rmtree(folder)


def test_the_systems_own_postgresql_carries_the_store_from_empty_to_billed_and_down_and_up(
    business, march, system_server
):
    store = connect(system_server)
    migrate(store)
    assert _differences(store) == []
    hosted = type(business)(store, business.folder / "system")
    hosted.bill(march)
    assert str(hosted.rate()) == "bill run 2025-03: rated, 1 records, 1 items, 1.63 EUR"
    hosted.post()
    assert {file.what for file in hosted.export() if file.rows == 1} >= {"usage", "rated_items"}
    before = hosted.contents()
    downgrade(store, "0005")
    migrate(store)
    assert hosted.contents() == before
    with pytest.raises(sa.exc.DBAPIError) as caught, store.begin() as connection:
        connection.execute(sa.text("DELETE FROM usage_records"))
    assert isinstance(caught.value.orig, psycopg.errors.IntegrityConstraintViolation)
    downgrade(store, "base")
    assert _tables(store) == {"alembic_version"}
    store.dispose()


def test_a_store_that_a_newer_program_has_migrated_is_refused_and_said_to_be_so(store):
    with store.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreVersionError, match="version 9999 by a newer program, and this one knows 00"):
        migrate(store)
    with store.begin() as connection, pytest.raises(StoreVersionError, match="take the newer program again"):
        require_current(connection)


def test_a_store_that_is_not_migrated_is_refused_until_it_is(store):
    for revision, told in (("0012", "is of version 0012"), ("base", "has no tables")):
        downgrade(store, revision)
        with store.begin() as connection, pytest.raises(StoreVersionError, match=f"{told}.*meterbridge migrate"):
            require_current(connection)
    migrate(store)
    with store.begin() as connection:
        require_current(connection)
