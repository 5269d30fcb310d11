"""The OpenAPI document held against the running API: what it promises is what is answered, whatever is sent."""

import threading
import time

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 20
UNIT = {"UomName": "GB", "DecimalPlaces": 3}
MARCH = {"AccountNumber": "A-1", "UOM": "kwh", "Quantity": 6.5, "StartDateTime": "2025-03-01T00:00:00Z"}


@pytest.fixture
def address(app):
    """The address of the application on a real server."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def real(admin):
    """Ids that there are, for an API is not tried by unknown ones alone."""
    upload = b"ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\nA-1,kwh,2,03/01/2025,,,,\n"
    status = admin.post("/v1/usage", files={"file": ("a.csv", upload)}).json()["checkImportStatus"]
    return {
        "usage_id": admin.post("/v1/object/usage", json=MARCH).json()["Id"],
        "unit_id": admin.post("/v1/object/unit-of-measure", json=UNIT).json()["Id"],
        "import_id": status.split("/")[3],
        "account_key": "A-1",
    }


def attempts(operation, address, headers, real):
    """A test of one operation: generated calls, every other one about something that is there."""
    turn = iter(range(10**6))

    @seed(4711)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def attempt(case):
        if next(turn) % 2:
            for name in set(real) & set(case.path_parameters or {}):
                case.path_parameters[name] = real[name]
            if isinstance(case.body, dict) and "object/usage" in operation.path:
                case.body = case.body | MARCH
        response = case.call(base_url=address, headers=headers)
        answered.append(response.status_code)
        case.validate_response(response, checks=CHECKS)

    answered = []
    attempt()
    return answered


def test_nothing_that_is_sent_breaks_the_api_or_is_answered_as_the_document_does_not_say(app, admin, address, real):
    headers = {"Authorization": admin.headers["Authorization"]}
    answered = {}
    for result in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
        operation = result.ok()
        answered[f"{operation.method.upper()} {operation.path}"] = attempts(operation, address, headers, real)
    assert len(answered) == 20
    good = {name for name, statuses in answered.items() if any(status < 400 for status in statuses)}
    assert {name for name in answered if name.startswith("GET")} | {"POST /v1/object/usage"} <= good


def test_every_refusal_that_a_route_can_give_is_in_the_document(app):
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            expected = {"200", "400", "401", "403", "413", "429", "500", "503"}
            assert expected <= set(operation["responses"]), (method, path)
            keyed = {"409", "422"} <= set(operation["responses"])
            assert keyed == (method in {"post", "put"} and path != "/oauth/token"), (method, path)
