"""Airflow's four components on this machine: their environment, start, health and stop.

Each component is a process of its own. `airflow standalone` would be one command, but leaves orphans when stopped.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack import processes
from stack.client import ask_health
from stack.keys import USER, Keys, passwords_file
from stack.postgres import Databases
from stack.settings import Settings, StackError

# The API server is the first. Scheduler and triggerer would serve their logs on all interfaces; it reads the files.
COMPONENTS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
START_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 20
TAIL_LINES = 15


def folder(settings: Settings) -> Path:
    """Airflow's own folder: configuration, keys, task logs."""
    return settings.home / "airflow"


def environment(
    settings: Settings, databases: Databases, keys: Keys, inherited: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Everything the components and the project's commands read; an inherited AIRFLOW* variable is dropped."""
    kept = {name: value for name, value in inherited.items() if not name.startswith("AIRFLOW")}
    return kept | _project(settings, databases, kept) | _airflow(settings, databases) | _access(settings, keys) | TUNING


def _project(settings: Settings, databases: Databases, inherited: Mapping[str, str]) -> dict[str, str]:
    def first(*parts: str | None, separator: str) -> str:
        return separator.join(part for part in parts if part)

    return {
        "METERBRIDGE_STORE_URL": databases.store,
        "METERBRIDGE_HOME": str(settings.home),
        "METERBRIDGE_CATALOG": str(settings.catalog),
        "METERBRIDGE_INBOX": str(settings.inbox),
        "PYTHONPATH": first(str(settings.root), inherited.get("PYTHONPATH"), separator=os.pathsep),
        "PATH": first(str(Path(sys.executable).parent), inherited.get("PATH"), separator=os.pathsep),
        # A proxy must not stand between a task and the API server on the same machine.
        "NO_PROXY": first("127.0.0.1", inherited.get("NO_PROXY"), separator=","),
        "no_proxy": first("127.0.0.1", inherited.get("no_proxy"), separator=","),
        "GX_ANALYTICS_ENABLED": "false",
        "METERBRIDGE_POKE_SECONDS": inherited.get("METERBRIDGE_POKE_SECONDS", "5"),
    }


def _airflow(settings: Settings, databases: Databases) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(folder(settings)),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.plugins),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{settings.url}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": databases.metadata,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": databases.metadata_async,
        "AIRFLOW__API__BASE_URL": settings.url,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(settings.port),
    }


def _access(settings: Settings, keys: Keys) -> dict[str, str]:
    manager = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
    return {
        "AIRFLOW__CORE__AUTH_MANAGER": manager,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(folder(settings))),
        "AIRFLOW__CORE__FERNET_KEY": keys.fernet,
        "AIRFLOW__API_AUTH__JWT_SECRET": keys.jwt,
        "AIRFLOW__API__SECRET_KEY": keys.session,
    }


# Measured on two cores; what is not named here keeps Airflow's default.
TUNING = {
    "AIRFLOW__CORE__PARALLELISM": "4",  # tasks wait for the database half of their time
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",  # five tasks in a row: 7 s by default, under 3 s so
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",  # a new DAG file shows within seconds, not five minutes
    # A worker that misses the end of its task notices it at the next heartbeat: half of the tasks held theirs for 5 s.
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
}


def check_port(settings: Settings) -> None:
    """Raise StackError when something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", settings.port))
        except OSError as error:
            raise StackError(
                f"port {settings.port} on 127.0.0.1 is taken: stop what listens there, "
                "or set METERBRIDGE_PORT to a free port"
            ) from error


def migrate(env: Mapping[str, str], log: Path) -> None:
    """Bring Airflow's metadata database up to this version."""
    run([sys.executable, "-m", "airflow", "db", "migrate"], env=env, log=log)


def run(command: list[str], *, env: Mapping[str, str], log: Path) -> None:
    """Run a command to its end with its output in `log`; StackError with the log's tail when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 the commands are the stack's own
            command, env=dict(env), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode != 0:
        raise StackError(f"{' '.join(command[1:])} failed with code {done.returncode}; {tail(log)}")


def start(settings: Settings, env: Mapping[str, str]) -> None:
    """Start the four components; returns at once, `await_healthy` tells when they are up."""
    for name, arguments in COMPONENTS.items():
        processes.start(
            [sys.executable, "-m", "airflow", *arguments],
            env=env,
            log=log_file(settings, name),
            pid_file=pid_file(settings, name),
        )


def await_healthy(settings: Settings) -> float:
    """Wait until all four report healthy and give the seconds it took; StackError when one ends or time runs out."""
    begun = time.monotonic()
    while time.monotonic() - begun < START_TIMEOUT_SECONDS:
        for name in COMPONENTS:
            if name not in running(settings):
                raise StackError(f"Airflow's {name} ended at its start; {tail(log_file(settings, name))}")
        health = ask_health(settings.url)
        if health and all(state == "healthy" for state in health.values()):
            return time.monotonic() - begun
        time.sleep(0.5)
    raise StackError(f"Airflow is not healthy after {START_TIMEOUT_SECONDS} s: {health}; logs lie in {settings.run}")


def stop(settings: Settings) -> list[str]:
    """Stop the components that run and give their names; the API server last, for tasks report their end to it."""
    server, *others = COMPONENTS
    with ThreadPoolExecutor() as pool:
        stopped = list(pool.map(lambda name: _stop(settings, name), others))
    stopped.append(_stop(settings, server))
    return [name for name, was_running in zip([*others, server], stopped, strict=True) if was_running]


def _stop(settings: Settings, component: str) -> bool:
    return processes.stop(pid_file(settings, component), timeout_seconds=STOP_TIMEOUT_SECONDS)


def running(settings: Settings) -> list[str]:
    """Names of the components that run."""
    recorded = {name: processes.recall(pid_file(settings, name)) for name in COMPONENTS}
    return [name for name, process in recorded.items() if process is not None and processes.is_alive(process)]


def pid_file(settings: Settings, component: str) -> Path:
    """Where a component's process is remembered."""
    return settings.run / f"{component}.json"


def log_file(settings: Settings, component: str) -> Path:
    """Where a component's output goes."""
    return settings.run / f"{component}.log"


def tail(log: Path) -> str:
    """Give the last lines of a log under its name."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n  ".join([f"the end of {log}:", *lines[-TAIL_LINES:]])
