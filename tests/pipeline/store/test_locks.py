import psycopg
import pytest
import sqlalchemy as sa

from pipeline.store import locks
from pipeline.store.engine import KEEPALIVES, TIMEOUTS, connect


def _waits(store, take, *names):
    """Tell whether another transaction would have to wait for a lock."""
    with store.connect() as other:
        other.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
        try:
            take(other, *names)
        except sa.exc.OperationalError as error:
            if isinstance(error.orig, psycopg.errors.LockNotAvailable):
                return True
            raise
        return False


@pytest.mark.parametrize(
    ("held", "wanted", "waits"),
    [
        (locks.shared, locks.shared, False),
        (locks.shared, locks.exclusive, True),
        (locks.exclusive, locks.shared, True),
        (locks.exclusive, locks.exclusive, True),
    ],
)
def test_loads_share_a_period_and_a_bill_run_has_it_alone(store, held, wanted, waits):
    with store.begin() as connection:
        held(connection, "2025-03")
        assert _waits(store, wanted, "2025-03") is waits


@pytest.mark.parametrize("names", [("2025-04",), ("2025-03", "energy"), ("2025-0", "3"), ()])
def test_locks_of_other_names_do_not_wait(store, names):
    with store.begin() as connection:
        locks.exclusive(connection, "2025-03")
        assert not _waits(store, locks.exclusive, *names)


def test_a_lock_ends_with_its_transaction(store):
    with store.begin() as connection:
        locks.exclusive(connection, "2025-03")
    assert not _waits(store, locks.exclusive, "2025-03")


def test_a_bill_run_waits_for_a_load_of_its_month_and_for_no_other(business, march):
    business.bill(march)
    with business.store.begin() as load:
        locks.shared(load, "2025-03")
        with business.store.connect() as watcher:
            assert _waits(business.store, locks.exclusive, "2025-03")
            assert watcher.execute(sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar() == 1


def test_every_connection_carries_the_time_outs(store):
    with store.connect() as connection:
        expected = {name: value for name, value in TIMEOUTS.items() if not name.startswith("tcp")}  # a socket has none
        found = {name: connection.execute(sa.text(f"SHOW {name}")).scalar() for name in expected}
    assert found == {
        **expected,
        "lock_timeout": "1min",
        "idle_in_transaction_session_timeout": "2min",
        "datestyle": "ISO, MDY",
    }


def test_a_zone_and_a_style_of_the_environment_do_not_reach_the_store(store, monkeypatch):
    monkeypatch.setenv("PGTZ", "Asia/Kathmandu")
    monkeypatch.setenv("PGDATESTYLE", "German")
    engine = connect.__wrapped__(store.url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        shown = connection.execute(sa.text("SELECT timestamptz '2025-03-01 00:00:00+00' :: text")).scalar()
    engine.dispose()
    assert shown == "2025-03-01 00:00:00+00"


def test_a_client_that_falls_silent_inside_a_transaction_loses_its_lock(store):
    with store.connect() as silent:
        silent.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
        locks.exclusive(silent, "2025-03")
        with store.begin() as other:
            locks.exclusive(other, "2025-03")  # given as soon as the server has cut the silent one off
        with pytest.raises(sa.exc.DBAPIError, match="idle-in-transaction"):
            silent.execute(sa.text("SELECT 1"))
        silent.invalidate()


def test_a_vanished_client_is_noticed():
    assert KEEPALIVES["keepalives_idle"] <= 60
    assert KEEPALIVES["tcp_user_timeout"] <= 60_000


def test_an_error_never_shows_parameters_or_the_password(store):
    url = store.url.set(password="correct-horse").render_as_string(hide_password=False)  # noqa: S106 made up
    engine = connect(url)
    assert "correct-horse" not in repr(engine)
    with pytest.raises(sa.exc.DBAPIError) as caught, engine.begin() as connection:
        connection.execute(sa.text("SELECT :secret || nothing"), {"secret": "battery-staple"})
    assert "correct-horse" not in str(caught.value)
    assert "battery-staple" not in str(caught.value)
    engine.dispose()
