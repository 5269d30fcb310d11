import os
import re
import shutil
import subprocess

import pytest

from pipeline.settings import PROJECT

VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
OWED = {"METERBRIDGE_SECRETS", "METERBRIDGE_ADMIN_USER", "METERBRIDGE_ADMIN_EMAIL", "METERBRIDGE_INBOX_FOLDER"}
COMPONENTS = {"api-server", "scheduler", "dag-processor", "triggerer"}


def test_every_service_that_runs_on_has_a_health_check_and_is_restarted(compose):
    lasting = {name: service for name, service in compose["services"].items() if name != "init"}
    assert set(lasting) == {"postgres", *COMPONENTS}
    for service in lasting.values():
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"


def test_nothing_starts_before_the_one_shot_init_has_succeeded(compose):
    services = compose["services"]
    assert services["init"]["restart"] == "no"
    for name in COMPONENTS:
        assert services[name]["depends_on"]["init"] == {"condition": "service_completed_successfully"}


def test_a_secret_comes_from_a_file_and_has_no_default(compose):
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            if re.search("PASS|SECRET|KEY", name):
                assert name.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    for secret in compose["secrets"].values():
        assert secret["file"].startswith("${METERBRIDGE_SECRETS:?")


def test_no_url_carries_a_password(compose, texts):
    urls = [text for text in texts(compose) if "://" in text]
    assert len(urls) > 4
    assert not [url for url in urls if re.search(r"://[^/@]*:[^/@]+@", url)]


def test_what_must_be_given_is_named_and_nothing_else_is_asked_for(compose, texts):
    found = [match.groups() for text in texts(compose) for match in VARIABLE.finditer(text)]
    assert {name for name, operator, _ in found if operator == "?"} == OWED
    assert all(operator in ("?", "-") and rest for _, operator, rest in found)
    example = (PROJECT / ".env.example").read_text()
    assert set(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)) == {(name, "") for name in OWED}


def test_the_web_ui_is_published_on_loopback_and_the_database_not_at_all(compose):
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert published == {"api-server": ["${METERBRIDGE_BIND:-127.0.0.1}:${METERBRIDGE_PORT:-8080}:8080"]}


def test_the_image_is_built_from_the_lock_with_hashes_and_runs_as_an_ordinary_user():
    lines = (PROJECT / "Dockerfile").read_text().splitlines()
    assert any("--require-hashes -r requirements.lock" in line for line in lines)
    assert [line for line in lines if line.startswith("USER ")] == ["USER meterbridge"]
    copied = {
        line.removeprefix("!") for line in (PROJECT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    assert {"requirements.lock", "pyproject.toml", "stack", "pipeline", "docker"} <= copied


@pytest.mark.parametrize("missing", ["PGPASSWORD", "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET"])
def test_a_container_without_one_of_its_secrets_refuses_to_start(missing):
    names = ("PGPASSWORD", "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY")
    given = {name: "x" for name in names if name != missing}
    done = enter(["echo", "started"], given)
    assert (done.returncode, done.stdout) == (78, "")
    assert f"set {missing}, or {missing}_FILE" in done.stderr


def test_a_secret_in_a_file_reaches_the_command_by_its_environment(tmp_path):
    (tmp_path / "pw").write_text("p@ss word$\n")
    given = dict.fromkeys(
        ["AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY"], "x"
    )
    done = enter(["printenv", "PGPASSWORD"], {**given, "PGPASSWORD_FILE": str(tmp_path / "pw")})
    assert done.stdout == "p@ss word$\n"


def test_docker_itself_accepts_the_file(tmp_path):
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("needs the client `docker compose`, which is not on this machine")
    given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **dict.fromkeys(OWED, str(tmp_path))}
    command = [docker, "compose", "-f", str(PROJECT / "docker-compose.yml"), "config", "--quiet"]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def enter(command, variables):
    entrypoint = PROJECT / "docker" / "entrypoint.sh"
    env = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run([entrypoint, *command], env=env, capture_output=True, text=True, check=False)
