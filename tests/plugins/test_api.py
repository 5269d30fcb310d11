"""The usage API as Airflow loads it: late, and by what Airflow's own auth manager lets a user do."""

import asyncio
import subprocess
import sys

import httpx
import pytest

from pipeline.settings import PROJECT
from web.callers import Role

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow's own imports warn; its warnings are not ours to heed
PLUGINS = PROJECT / "plugins"
sys.path.insert(0, str(PLUGINS))  # as Airflow does


@pytest.fixture(scope="module")
def plugin():
    return pytest.importorskip("meterbridge_api")


@pytest.fixture
def mounted(plugin):
    """The application that Airflow mounts; it is built anew by its first call."""
    plugin.application.cache_clear()
    (mounted,) = plugin.UsageApiPlugin.fastapi_apps
    assert mounted["url_prefix"] == "/usage"
    yield mounted["app"]
    plugin.application.cache_clear()


def ask(app):
    async def send():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as http:
            return await http.get("/v1/object/unit-of-measure")

    return asyncio.run(send())


def test_its_pages_are_in_the_navigation_of_the_web_ui(plugin):
    views = {view["name"]: view["href"] for view in plugin.UsageApiPlugin.external_views}
    assert views == {"Usage": "/usage/", "Ledger": "/usage/ledger"}


def test_it_lets_no_stranger_in(mounted, named):  # noqa: ARG001 the environment
    assert ask(mounted).status_code == 401


def test_an_api_that_cannot_be_built_is_unavailable_and_the_next_call_tries_again(mounted, monkeypatch, request):
    monkeypatch.setenv("METERBRIDGE_API_CALLS_PER_MINUTE", "many")
    answer = ask(mounted)
    assert answer.status_code == 503
    assert "many" not in answer.text
    monkeypatch.delenv("METERBRIDGE_API_CALLS_PER_MINUTE")
    request.getfixturevalue("named")
    assert ask(mounted).status_code == 401


def test_whoever_only_loads_the_plugin_imports_nothing_of_the_api():
    program = "import sys, meterbridge_api; print(sorted(name for name in sys.modules if name.split('.')[0] == 'web'))"
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, cwd=PLUGINS, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_a_user_of_airflow_has_the_role_that_fits_what_airflow_lets_them_do():
    from airflow.api_fastapi.app import create_auth_manager  # noqa: PLC0415 seconds of import
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415 as above

    from web.airflow_login import role_of  # noqa: PLC0415 as above

    create_auth_manager()
    expected = {"VIEWER": Role.VIEWER, "USER": Role.EDITOR, "OP": Role.ADMIN, "ADMIN": Role.ADMIN, None: None}
    roles = {name: role_of(SimpleAuthManagerUser(username="somebody", role=name)) for name in expected}
    assert roles == expected
