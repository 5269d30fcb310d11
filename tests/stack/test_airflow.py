import re
import socket
import sys

import pytest
from sqlalchemy import make_url

from stack import airflow
from stack.keys import Keys
from stack.postgres import Databases
from stack.settings import StackError

KEYS = Keys(fernet="F", jwt="J", session="S", password="P")  # noqa: S106 - no secret, a letter to look for
SERVER = Databases(make_url("postgresql://billing:pass%40word@db.example:5433/"))


@pytest.fixture
def env(settings):
    return airflow.environment(settings, SERVER, KEYS, {"PATH": "/bin", "AIRFLOW__CORE__EXECUTOR": "Other"})


def test_every_server_listens_on_loopback_only(env, settings):
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == f"http://127.0.0.1:{settings.port}/execution/"
    assert "--skip-serve-logs" in airflow.COMPONENTS["scheduler"]
    assert "--skip-serve-logs" in airflow.COMPONENTS["triggerer"]


def test_the_password_is_generated_and_stands_in_no_variable(env):
    assert env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin"  # a user and its role
    assert "P" not in env.values()


def test_settings_of_another_airflow_do_not_leak_in(env):
    assert env["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"


def test_both_databases_are_reached_on_the_server_that_is_named(env):
    server = "billing:pass%40word@db.example:5433"
    assert env["METERBRIDGE_STORE_URL"] == f"postgresql+psycopg://{server}/meterbridge"
    assert env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"postgresql+psycopg2://{server}/airflow"
    assert env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] == f"postgresql+asyncpg://{server}/airflow"


def test_no_proxy_stands_between_a_task_and_the_api_server(env):
    assert env["no_proxy"].split(",")[0] == "127.0.0.1"


def test_a_taken_port_is_refused_with_what_to_do(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.port))
        taken.listen()
        with pytest.raises(StackError, match=rf"port {settings.port} .* is taken: .* set METERBRIDGE_PORT"):
            airflow.check_port(settings)
    airflow.check_port(settings)


def test_a_command_that_fails_shows_the_end_of_its_log(tmp_path):
    code = "import sys; print('line 1'); print('the reason'); sys.exit(3)"
    with pytest.raises(StackError, match=re.compile("failed with code 3.*the reason", re.DOTALL)):
        airflow.run([sys.executable, "-c", code], env={}, log=tmp_path / "log")


def test_nothing_runs_in_a_home_that_was_never_started(settings):
    assert airflow.running(settings) == []
    assert airflow.stop(settings) == []
