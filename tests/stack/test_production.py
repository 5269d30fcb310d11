"""The image's very commands, run as processes: entrypoint, command and environment of each compose service."""

import os
import re
import subprocess
import sys
import time
from functools import partial

import httpx
import psutil
import psycopg
import pytest

from pipeline.settings import PROJECT
from stack import airflow, postgres, processes
from stack.client import Client, ask_health
from stack.keys import keep_keys
from web.client_secrets import hash_secret

VARIABLE = re.compile(r"\$\{(\w+):[-?]([^}]*)\}")
PASSWORD = "a password with @ and /"  # noqa: S105 - of a server that lives as long as this test
CLIENT_SECRET = "a secret of the client loader"  # noqa: S105 - as above


def demand_password(settings):
    """Let the role of the compose file in by its password only, as a server in production does."""
    sockets = settings.home / "postgres"
    with psycopg.connect(f"postgresql://postgres@/postgres?host={sockets}", autocommit=True) as connection:
        connection.execute(f"CREATE ROLE meterbridge SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        rules = sockets / "pg_hba.conf"
        rules.write_text("local all meterbridge scram-sha-256\n" + rules.read_text())
        connection.execute("SELECT pg_reload_conf()")
    return str(sockets)


def write_secrets(folder):
    folder.mkdir()
    keys = keep_keys(folder / "generated")
    contents = {
        "postgres_password": PASSWORD,
        "fernet_key": keys.fernet,
        "jwt_secret": keys.jwt,
        "session_secret": keys.session,
        "admin_password": keys.password,
        "api_secret": "signs the tokens of the clients of the API",
        "api_clients": f"loader: {{secret_hash: {hash_secret(CLIENT_SECRET)}, role: editor}}",
    }
    for name, content in contents.items():
        (folder / name).write_text(content + "\n")
    return keys.password


def environment(service, settings, sockets):
    """The service's environment as on a machine of its own, its folders and addresses moved to this one."""
    given = {
        "METERBRIDGE_POSTGRES_HOST": sockets,
        "METERBRIDGE_ADMIN_USER": "root@example",
        "METERBRIDGE_ADMIN_EMAIL": "root@example.org",
    }
    moved = {
        "/run/secrets": str(settings.home / "secrets"),
        "/opt/meterbridge": str(PROJECT),
        "http://api-server:8080": settings.url,
        "0.0.0.0": "127.0.0.1",  # noqa: S104 - what the container listens on, not this test
    }
    env = {}
    for name, text in service["environment"].items():
        value = VARIABLE.sub(lambda match: given.get(match[1], match[2]), str(text))
        for there, here in moved.items():
            value = value.replace(there, here)
        env[name] = value
    own = {
        "METERBRIDGE_HOME": str(settings.home / "data"),
        "METERBRIDGE_INBOX": str(settings.inbox),
        "AIRFLOW__API__PORT": str(settings.port),
        "AIRFLOW_HOME": str(settings.home / "airflow"),
        "PYTHONPATH": str(PROJECT),
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]),  # noqa: PTH120 - PATH is text
        "HOME": str(settings.home),
        "no_proxy": "127.0.0.1",
    }
    return env | own


@pytest.fixture
def production(embedded, compose):
    """Every service started in the order of the compose file; gives the settings, password and environments."""
    password = write_secrets(embedded.home / "secrets")
    sockets = demand_password(embedded)
    services = {name: service for name, service in compose["services"].items() if name != "postgres"}
    envs = {name: environment(service, embedded, sockets) for name, service in services.items()}
    entrypoint = str(PROJECT / "docker" / "entrypoint.sh")
    airflow.run([entrypoint, *services["init"]["command"]], env=envs["init"], log=embedded.run / "init.log")
    try:
        for name in airflow.COMPONENTS:
            processes.start(
                [entrypoint, *services[name]["command"]],
                env=envs[name],
                log=airflow.log_file(embedded, name),
                pid_file=airflow.pid_file(embedded, name),
            )
        yield embedded, password, envs
    finally:
        airflow.stop(embedded)


@pytest.mark.slow
def test_the_images_commands_bring_up_all_components_and_the_administrator_can_log_in(production, compose, monkeypatch):
    settings, password, envs = production
    monkeypatch.chdir(PROJECT)
    airflow.await_healthy(settings)
    assert set(ask_health(settings.url).values()) == {"healthy"}

    for name in airflow.COMPONENTS:
        program, *arguments = compose["services"][name]["healthcheck"]["test"][1:]
        assert subprocess.run([program, *arguments], env=envs[name], check=False).returncode == 0

    check_documented_commands(envs["scheduler"])
    client = Client(settings.url, "root@example", password)
    assert client.import_errors() == []
    client.close()
    check_usage_api(settings, password)
    refused = httpx.post(f"{settings.url}/auth/token", json={"username": "admin", "password": "admin"}, trust_env=False)
    assert refused.status_code == 401

    arguments = [argument for name in airflow.COMPONENTS for argument in command_lines(settings, name)]
    assert not [argument for argument in arguments if PASSWORD in argument or password in argument]

    begun = time.monotonic()
    assert len(airflow.stop(settings)) == 4
    assert time.monotonic() - begun < 4 * airflow.STOP_TIMEOUT_SECONDS
    assert postgres.is_running(settings)


def check_documented_commands(env):
    """What the operations page has run in a container works there, and without the entrypoint it would not."""
    page = (PROJECT / "docs" / "operations.md").read_text()
    commands = re.findall(r"^docker compose exec scheduler docker/entrypoint.sh (.*)$", page, flags=re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["meterbridge", "airflow"]
    entered = partial(subprocess.run, env=env, capture_output=True, text=True, check=False)
    for command in commands:
        done = entered(["bash", "-c", f"docker/entrypoint.sh {command}"])
        assert done.returncode == 0, done.stdout + done.stderr
    assert entered(["bash", "-c", commands[0]]).returncode == 1


def check_usage_api(settings, password):
    """In the usage API, Airflow's administrator is an admin, a client has its role, and a stranger may do nothing."""
    log_in = {"username": "root@example", "password": password}
    token = httpx.post(f"{settings.url}/auth/token", json=log_in, trust_env=False).json()["access_token"]
    make = partial(
        httpx.post,
        f"{settings.url}/usage/v1/object/unit-of-measure",
        json={"UomName": "GB"},
        trust_env=False,
        timeout=60,
    )
    assert make().status_code == 401
    assert make(headers={"Authorization": f"Bearer {token}"}).status_code == 200
    form = {"client_id": "loader", "client_secret": CLIENT_SECRET, "grant_type": "client_credentials"}
    loader = httpx.post(f"{settings.url}/usage/oauth/token", data=form, trust_env=False).json()["access_token"]
    assert make(headers={"Authorization": f"Bearer {loader}"}).status_code == 403  # units are for admins


def command_lines(settings, name):
    leader = processes.recall(airflow.pid_file(settings, name)).pid
    return [
        argument
        for process in psutil.process_iter()
        if os.getsid(process.pid) == leader
        for argument in process.cmdline()
    ]
