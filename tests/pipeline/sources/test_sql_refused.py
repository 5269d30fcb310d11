"""A real PostgreSQL that does not answer, or not what can be taken; and what it leaves behind."""

import socket
import time

import pytest
import sqlalchemy as sa
from fetched_api import lines
from usage_database import APRIL, BY_INTERVAL, BY_WATERMARK, MAY, NOTHING, VARIABLE, execute, selecting, sql_source

from pipeline.settings import SettingsError
from pipeline.sources import sql
from pipeline.sources.fetched import SourceUnavailableError, fetch
from pipeline.sources.sql import Timeouts


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        (BY_WATERMARK | {"watermark": "serial"}, "the query gives no column 'serial', which is the watermark"),
        (
            BY_INTERVAL | {"query": "SELECT at, account FROM usage WHERE at >= :start AND at < :end"},
            r"the query gives no column 'kwh', which the source names; it gives \['at', 'account'\]",
        ),
        (
            BY_INTERVAL | {"query": "SELECT *, 1 AS at FROM usage WHERE usage.at >= :start AND usage.at < :end"},
            "the query gives two columns 'at'",
        ),
        (
            BY_INTERVAL | {"query": "SELECT kw FROM usage WHERE at >= :start AND at < :end"},
            'column "kw" does not exist',
        ),
        (
            BY_INTERVAL | {"query": "DELETE FROM usage WHERE at >= :start AND at < :end RETURNING *"},
            "syntax error",  # a cursor is declared for it
        ),
        (BY_INTERVAL | {"query": "SELECT setval('s', 5), :start, :end"}, "cannot execute setval"),
    ],
)
def test_a_query_that_the_database_or_the_source_does_not_take_is_refused_with_the_reason(
    database, spool, origin, message
):
    execute(database, "CREATE SEQUENCE s")
    with pytest.raises(SourceUnavailableError, match=message) as refused:
        fetch(sql_source(origin), NOTHING, MAY, spool)
    assert "source power: postgresql at " in str(refused.value)
    assert "(connection billing)" in str(refused.value)


@pytest.mark.usefixtures("database")
def test_a_query_gives_the_column_that_tells_which_rows_are_left_out(spool):
    source = sql_source(BY_INTERVAL).model_copy(update={"leave_out": {"kind": ("Tax",)}})
    with pytest.raises(SourceUnavailableError, match="the query gives no column 'kind', which the source names"):
        fetch(source, NOTHING, MAY, spool)


@pytest.mark.usefixtures("database")
def test_nothing_is_kept_of_an_answer_that_breaks_off(spool):
    query = "SELECT id, account, at, kwh / (11 - id) AS kwh FROM usage WHERE at >= :start AND at < :end"
    with pytest.raises(SourceUnavailableError, match="division by zero"):
        fetch(sql_source(BY_INTERVAL | {"query": query}), NOTHING, MAY, spool)
    assert list((spool / "power").iterdir()) == []


@pytest.mark.usefixtures("database")
def test_a_statement_that_takes_too_long_is_given_up(spool):
    source = selecting("(SELECT '1' FROM pg_sleep(60))")
    with pytest.raises(SourceUnavailableError, match="statement timeout"):
        sql.fetch(source, source.sql, NOTHING, APRIL, spool, Timeouts(statement_seconds=1))


def test_a_host_that_does_not_answer_is_given_up(monkeypatch, spool):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv(VARIABLE, f"postgresql://somebody:s3cret@127.0.0.1:{silent.getsockname()[1]}/usage")
        source = sql_source(BY_INTERVAL)
        with pytest.raises(SourceUnavailableError, match=r"postgresql at 127.0.0.1 .*timeout expired") as refused:
            sql.fetch(source, source.sql, NOTHING, APRIL, spool, Timeouts(connect_seconds=2))
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("postgresql://somebody:s3cret@127.0.0.1:1/usage", "(?i)connection refused"),
        ("nosuch://somebody:s3cret@db.example/usage", "nosuch"),
        ("oracle+oracledb://somebody:s3cret@db.example/usage", "No module named 'oracledb'"),
        ("postgresql://somebody:s3cret@127.0.0.1:1/usage?sslmode=s3cret", "sslmode"),
        (
            "somebody:s3cret",
            "the address of connection billing cannot be read: write METERBRIDGE_CONNECTION_BILLING as",
        ),
        ("postgresql://somebody:s3cret@db.example:port/usage", "the address of connection billing cannot be read"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_without_its_password(monkeypatch, spool, address, message):
    monkeypatch.setenv(VARIABLE, address)
    with pytest.raises(SourceUnavailableError, match=message) as refused:
        fetch(sql_source(BY_INTERVAL), NOTHING, APRIL, spool)
    assert "s3cret" not in str(refused.value)


def test_a_connection_that_is_not_set_is_named(monkeypatch, spool):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(SettingsError, match="METERBRIDGE_CONNECTION_BILLING is not set"):
        fetch(sql_source(BY_INTERVAL), NOTHING, APRIL, spool)


@pytest.mark.usefixtures("database")
def test_a_query_sees_one_state_of_the_database_and_its_own_clock_is_utc(spool):
    isolation = "current_setting('transaction_isolation') || ', ' || current_setting('timezone')"
    files, _ = fetch(selecting(isolation), NOTHING, APRIL, spool)
    assert [line["kwh"] for line in lines(files)] == ["repeatable read, UTC"]


def test_no_connection_is_left_open(database, spool):
    fetch(sql_source(BY_INTERVAL), NOTHING, APRIL, spool)
    left = sa.text("""
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    """)
    deadline = time.monotonic() + 5  # the server takes a moment to see that a client has gone
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.execute(left).scalar_one() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert connection.execute(left).scalar_one() == 0
