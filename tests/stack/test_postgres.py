import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from stack import postgres
from stack.settings import StackError


def pid(settings):
    return int((settings.home / "postgres" / "postmaster.pid").read_text().split()[0])


def ask(url, question):
    engine = create_engine(url)
    with engine.connect() as connection:
        answer = connection.execute(text(question)).scalar_one()
    engine.dispose()
    return answer


def test_both_databases_are_there_and_sort_alike_on_every_machine(embedded):
    databases = postgres.start(embedded)
    assert ask(databases.store, "SELECT current_database()") == "meterbridge"
    assert ask(databases.metadata, "SELECT current_database()") == "airflow"
    assert ask(databases.store, "SELECT datcollate FROM pg_database WHERE datname = 'meterbridge'") == "C"


def test_another_run_of_the_tests_does_not_close_the_way_to_the_server(embedded, tmp_path):
    nested = tmp_path / "test_nested.py"
    nested.write_text("def test_nested(tmp_path): pass")
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, "-c", os.devnull]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    subprocess.run([sys.executable, "-m", "pytest", *options, nested], env=alone, cwd=tmp_path, check=True)
    folder = embedded.home / "postgres"
    assert all(parent.stat().st_mode & 0o011 == 0o011 for parent in folder.parents) or os.geuid() != 0


def test_nobody_else_on_the_machine_reaches_the_server(embedded):
    folder = embedded.home / "postgres"
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / ".s.PGSQL.5432").exists()
    listening = [c for c in psutil.Process(pid(embedded)).net_connections("inet") if c.status == "LISTEN"]
    assert listening == []


def test_a_server_that_runs_already_is_taken_over(embedded):
    before = pid(embedded)
    postgres.start(embedded)
    assert pid(embedded) == before


def test_stopping_ends_it_and_stopping_again_does_nothing(embedded):
    process = psutil.Process(pid(embedded))
    assert postgres.is_running(embedded)
    assert postgres.stop(embedded) is True
    assert not process.is_running()
    assert postgres.stop(embedded) is False


def test_what_a_killed_server_left_behind_is_cleared_and_its_data_survive(embedded):
    databases = postgres.start(embedded)
    with psycopg.connect(databases.store.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(pid(embedded), signal.SIGKILL)
    assert ask(postgres.start(embedded).store, "SELECT answer FROM kept") == 42


def test_a_stranger_that_was_given_the_pid_of_a_dead_server_is_not_taken_for_it(embedded):
    file = embedded.home / "postgres" / "postmaster.pid"
    lines = file.read_text().splitlines()
    postgres.stop(embedded)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert postgres.stop(embedded) is False
        assert ask(postgres.start(embedded).store, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_the_server_outlives_a_parent_that_is_killed_and_is_taken_over(settings):
    code = (
        "import time; from stack import postgres; from stack.settings import read_settings as r; postgres.start(r());"
    )
    env = {**os.environ, "METERBRIDGE_HOME": str(settings.home), "PYTHONPATH": str(settings.root)}
    with subprocess.Popen(
        [sys.executable, "-c", f"{code} print(1, flush=True); time.sleep(60)"], env=env, stdout=-1
    ) as parent:
        parent.stdout.readline()
        parent.kill()
    time.sleep(0.2)
    orphan = pid(settings)
    postgres.start(settings)
    assert pid(settings) == orphan
    assert postgres.stop(settings) is True


def test_a_server_that_is_named_replaces_the_embedded_one(embedded, tmp_path):
    sockets = make_url(postgres.start(embedded).store).query["host"]
    named = replace(embedded, home=tmp_path / "other", server=f"postgresql://postgres@/?host={sockets}")
    assert ask(postgres.start(named).store, "SELECT current_database()") == "meterbridge"
    assert not (tmp_path / "other").exists()
    assert postgres.stop(named) is False
    assert postgres.is_running(embedded)


def test_a_named_server_that_does_not_answer_is_an_error_without_the_password(settings):
    named = replace(settings, server=f"postgresql://billing:secret@127.0.0.1:{settings.port}/")
    with pytest.raises(StackError, match="cannot be reached") as caught:
        postgres.start(named)
    assert "secret" not in str(caught.value)
