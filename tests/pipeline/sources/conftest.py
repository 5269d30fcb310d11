"""Where readings are fetched from in tests: a real API on loopback, and a database of three readings."""

import pytest
from fetched_api import VARIABLE as API_VARIABLE
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
def spool(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def database(store, monkeypatch):
    """A database of three readings, which the connection `billing` leads to."""
    with store.begin() as connection:
        connection.exec_driver_sql(USAGE)
    monkeypatch.setenv(DATABASE_VARIABLE, store.url.render_as_string(hide_password=False))
    return store
