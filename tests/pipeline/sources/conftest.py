"""Where readings come from in tests: NEM12 files, a real API on loopback, and a database of three readings."""

import pytest
from fetched_api import VARIABLE as API_VARIABLE
from nem12_files import rows_of
from scripted_api import scripted_api
from usage_database import USAGE
from usage_database import VARIABLE as DATABASE_VARIABLE


@pytest.fixture
def api(monkeypatch):
    """A server that the connection `metrics` leads to."""
    with scripted_api() as api:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv(API_VARIABLE, f"http://127.0.0.1:{api.port}/api")
        yield api


@pytest.fixture
def read_nem12(tmp_path):
    """Give the rows of a NEM12 file of this content."""

    def read(text, columns=None, **form):
        path = tmp_path / "arrived"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return rows_of(path, columns, **form)

    return read


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def database(store, monkeypatch):
    """A database of three readings, which the connection `billing` leads to."""
    with store.begin() as connection:
        connection.exec_driver_sql(USAGE)
    monkeypatch.setenv(DATABASE_VARIABLE, store.url.render_as_string(hide_password=False))
    return store
