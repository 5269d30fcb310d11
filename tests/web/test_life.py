"""The API served alone, as a process of its own: one file from its upload to its deletion, and no secret anywhere."""

import os
import re
import signal
import subprocess
import sys
import time

import httpx
import pytest
import yaml

from web.client_secrets import matches

CANARY = "canary-of-the-store-4711"
KEY = "canary-key-that-signs-the-tokens-of-all"
SECRET = "canary-secret-of-the-client"  # noqa: S105 of a client that lives as long as the test
FILE = b"ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\nA-1,kwh,2.5,03/01/2025,,,,\n"


@pytest.fixture
def environment(business, tmp_path):
    """The environment of a shop whose secrets are all known by their sound."""
    (tmp_path / "key").write_text(KEY)
    url = business.store.url.set(password=CANARY).render_as_string(hide_password=False)
    environment = (
        os.environ
        | business.environment
        | {
            "METERBRIDGE_STORE_URL": url,
            "METERBRIDGE_API_CLIENTS": str(tmp_path / "clients.yaml"),
            "METERBRIDGE_API_SECRET_FILE": str(tmp_path / "key"),
        }
    )
    hashed = subprocess.run(
        [sys.executable, "-m", "web", "hash-secret"],
        input=f"{SECRET}\n{SECRET}\n",
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()[-1]
    assert matches(SECRET, hashed)
    (tmp_path / "clients.yaml").write_text(yaml.safe_dump({"loader": {"secret_hash": hashed, "role": "admin"}}))
    return environment


@pytest.fixture
def served(environment, tmp_path):
    """The address of the API, and where its output goes."""
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "web", "serve", "--port", "0"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + 60
    while not (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield found.group(), log
    process.send_signal(signal.SIGTERM)
    process.wait()


def test_a_file_lives_from_its_upload_to_its_deletion_and_no_secret_shows(served):
    address, log = served
    seen = []
    with httpx.Client(
        base_url=address, trust_env=False, event_hooks={"response": [lambda answer: answer.read()]}
    ) as http:
        http.event_hooks["response"].append(lambda answer: seen.append(answer.text))
        form = {"client_id": "loader", "client_secret": SECRET, "grant_type": "client_credentials"}
        http.post("/oauth/token", data=form | {"client_secret": SECRET + "?"})
        http.headers["Authorization"] = f"Bearer {http.post('/oauth/token', data=form).json()['access_token']}"

        path = http.post("/v1/usage", files={"file": ("march.csv", FILE)}).json()["checkImportStatus"]
        deadline = time.monotonic() + 30
        while http.get(path).json()["importStatus"] in {"Pending", "Processing"}:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert http.get(path).json()["importStatus"] == "Completed"

        (record,) = http.get("/v1/usage/accounts/A-1").json()["usage"]
        assert (record["quantity"], record["fileName"]) == (2.5, "march.csv")
        found = http.get(f"/v1/object/import/{path.split('/')[3]}").json()
        assert http.get(found["OriginalResourceUrl"]).content == FILE

        deletion = {"fileName": "march.csv", "reason": "sent by mistake", "dryRun": False}
        assert http.post("/v1/usage/delete", json=deletion).json()["records"] == 1
        assert http.get("/v1/usage/accounts/A-1").json()["usage"] == []
        again = http.post("/v1/usage", files={"file": ("march.csv", FILE)}).json()["checkImportStatus"]
        assert again != path  # what was deleted can be loaded again
        http.get("/v1/object/usage/" + "'" * 32)
    for text in (*seen, log.read_text()):
        assert "canary" not in text


def test_it_is_not_served_where_nobody_could_log_in(environment):
    without = {name: value for name, value in environment.items() if name != "METERBRIDGE_API_CLIENTS"}
    done = subprocess.run(
        [sys.executable, "-m", "web", "serve"], env=without, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "meterbridge: METERBRIDGE_API_CLIENTS is not set: without a clients file nobody could log in\n"
    )
