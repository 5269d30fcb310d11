"""Secrets that can be recognised, in every connection; whatever goes well or wrong, none of them is ever shown."""

import base64
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import AuthResult
from receivers import hook, mailbox
from scripted_api import Answer, scripted_api

from pipeline.settings import PROJECT
from pipeline.store import tables

SECRETS = {
    name: f"canary-{name}-p@ss/w0rd"
    for name in ("store", "smtp", "webhook", "hook-path", "slack", "api", "metrics", "metrics-token", "database")
}
FROM_AN_API = """
source: metrics
http: {connection: metrics, path: readings, since: "2025-03-01T00:00:00Z", parameters: {from: "{start}"}}
columns: {at: at, value: value, account: account}
"""
FROM_A_DATABASE = """
source: database
sql:
  connection: database
  since: "2025-03-01T00:00:00Z"
  query: SELECT at, value, account FROM readings WHERE at >= :start AND at < :end
columns: {at: at, value: value, account: account}
"""
SHOWS = """
import logging, os, sys
logging.basicConfig(level="DEBUG", stream=sys.stderr)
from pipeline import cli
for words in sys.argv[1:]:
    if words.startswith("METERBRIDGE_"):
        os.environ.update([words.split("=", 1)])
        continue
    sys.argv = ["meterbridge", *words.split()]
    try:
        cli.main()
    except SystemExit as end:
        print(f"<{words} ended with {end.code or 0}>", flush=True)
    except Exception:
        logging.exception("%s", words)
"""
FAILED = """
import logging, os, sys
from types import SimpleNamespace
sys.path.insert(0, "plugins")
logging.basicConfig(level="DEBUG", stream=sys.stderr)
from meterbridge_notifier import ImportNotifier
shown = " ".join([*(value for name, value in os.environ.items() if name.startswith("METERBRIDGE_")), *sys.argv[1:]])
names = ("dag_id", "run_id", "task_id", "map_index", "try_number")
instance = SimpleNamespace(**{name: name for name in names})
for error in (ValueError(f"cannot connect: {shown}"), f"timed out: {shown}", OSError(shown)):
    instance.try_number = str(type(error))
    ImportNotifier("failed").notify({"ti": instance, "exception": error})
"""


def seen(text):
    """Name the secrets that stand in a text, as they are, quoted, or in base64 as a log-in sends them."""
    forms = {
        name: (secret, quote(secret, safe=""), *(_base64(f"{before}{secret}") for before in ("", "ada:", "\0ada\0")))
        for name, secret in SECRETS.items()
    }
    return {name for name, written in forms.items() if any(form in text for form in written)}


def _base64(text):
    return base64.b64encode(text.encode()).decode().rstrip("=")


@pytest.fixture
def receivers():
    """What every connection leads to; each refuses at first, and repeats what it was shown."""
    logins = []

    def refuse(_server, _session, _envelope, _mechanism, shown):
        logins.append(shown.password.decode())
        return AuthResult(success=False, handled=False, message=f"535 {shown.password.decode()} is wrong")

    with (
        mailbox(authenticator=refuse, auth_require_tls=False) as box,
        hook() as webhook,
        hook() as slack,
        scripted_api() as metrics,
    ):
        yield SimpleNamespace(box=box, logins=logins, webhook=webhook, slack=slack, metrics=metrics)


@pytest.fixture
def environment(business, receivers):
    words = {name: quote(secret, safe="") for name, secret in SECRETS.items()}
    found = receivers
    url = business.store.url
    store = url if url.password else url.set(password=SECRETS["store"])  # an embedded server asks for none
    return {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "METERBRIDGE"))} | {
        **business.environment,
        "METERBRIDGE_STORE_URL": store.render_as_string(hide_password=False),
        "METERBRIDGE_API_SECRET": SECRETS["api"],
        "METERBRIDGE_CONNECTION_NOTIFY_EMAIL": f"smtp://ada:{words['smtp']}@127.0.0.1:{found.box.port}"
        "/?from=billing@example.com&to=bob@example.com&tls=off",
        "METERBRIDGE_CONNECTION_NOTIFY_WEBHOOK": found.webhook.url(f"/{words['hook-path']}"),
        "METERBRIDGE_CONNECTION_NOTIFY_WEBHOOK_TOKEN": SECRETS["webhook"],
        "METERBRIDGE_CONNECTION_NOTIFY_SLACK": found.slack.url(f"/services/{words['slack']}"),
        "METERBRIDGE_CONNECTION_METRICS": f"http://ada:{words['metrics']}@127.0.0.1:{found.metrics.port}",
        "METERBRIDGE_CONNECTION_DATABASE": f"postgresql://ada:{words['database']}@127.0.0.1:1/usage",
        "AIRFLOW_HOME": str(business.folder / "airflow"),
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(PROJECT),
    }


def run(environment, code, *words):
    """Run code in a process of its own, everything logged; gives all that it printed."""
    command = [sys.executable, "-c", code, *words]
    shown = subprocess.run(
        command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    return shown.stdout + shown.stderr


def kept(business):
    """Give all that the store and the home hold, as text."""
    with business.store.begin() as connection:
        rows = [
            str(row) for table in tables.metadata.sorted_tables for row in connection.execute(sa.select(table)).all()
        ]
    files = [path.read_bytes().decode("latin-1") for path in Path(business.home).rglob("*") if path.is_file()]
    return "\n".join([*rows, *files])


def test_the_search_finds_a_secret_in_whatever_form_it_is_shown():
    assert seen("nothing to see") == set()
    assert seen(f"password {SECRETS['smtp']}") == {"smtp"}
    assert seen(quote(SECRETS["slack"], safe="")) == {"slack"}
    assert seen("AUTH PLAIN " + base64.b64encode(f"\0ada\0{SECRETS['smtp']}".encode()).decode()) == {"smtp"}


def test_no_secret_is_shown_or_kept_whatever_succeeds_and_whatever_fails(business, march, receivers, environment):
    business.declare("sources/metrics.yaml", FROM_AN_API)
    business.declare("sources/database.yaml", FROM_A_DATABASE)
    business.deliver("power/A-1/march.csv", march)
    for each, names in ((receivers.webhook, ("webhook", "hook-path")), (receivers.slack, ("slack",))):
        each.script, each.says = [403], " ".join(SECRETS[name] for name in names)
    receivers.metrics.script = lambda request: Answer(str(request), 403)
    commands = ("extract power", "run energy 2025-03", "extract metrics", "extract database", "notify", "status")
    token = {"METERBRIDGE_CONNECTION_METRICS_TOKEN": SECRETS["metrics-token"]}
    gone = environment["METERBRIDGE_STORE_URL"].split("?")[0].replace("@", "@127.0.0.1:1")
    then = {"METERBRIDGE_CONNECTION_METRICS": f"http://127.0.0.1:{receivers.metrics.port}", **token}
    later = [*(f"{name}={value}" for name, value in then.items()), "extract metrics", "notify"]
    output = run(environment, SHOWS, *commands, *later, f"METERBRIDGE_STORE_URL={gone}", "status")
    output += run(environment | token, FAILED, *SECRETS.values())
    assert "energy 2025-03: created" in output
    assert "403" in output
    assert "import failed: dag_id, run run_id: ValueError: cannot connect" in output
    assert business.rows("deliveries WHERE delivered_at IS NULL AND attempts = 1", "channel") != []
    assert business.rows("events WHERE kind = 'import_failed'", "count(*)") == [3]
    assert shown_to(receivers) == {"smtp", "hook-path", "slack", "metrics", "metrics-token"}
    assert seen(output) == set()
    assert seen(kept(business)) == set()


def shown_to(receivers):
    """Name the secrets that reached those whom they are meant for: without this, the test would show nothing."""
    paths = [request.path for each in (receivers.webhook, receivers.slack) for request in each.taken]
    headers = [request.headers.get("Authorization", "") for request in receivers.metrics.asked]
    return seen("\n".join([*paths, *headers, *receivers.logins]))
