"""Every route, one by one: what a stranger and each role may do, and that the API's page names it."""

from fastapi.routing import APIRoute
from pages_of_docs import page

from web.callers import Role

PAGE = page("api")
ZEROS = "0" * 32
NEEDED = {
    "GET": Role.VIEWER,
    "POST": Role.EDITOR,
    "PUT": Role.EDITOR,
    "DELETE": Role.ADMIN,
}
BY_ADMINS = {
    "POST /v1/action/delete",
    "POST /v1/usage/delete",
    "POST /v1/object/unit-of-measure",
    "PUT /v1/object/unit-of-measure/{unit_id}",
    "PUT /v1/usage/{import_id}/cancel",
}
OPEN = "POST /oauth/token"


def mounted(app):
    """Every route with each of its methods; a route of another kind would be forgotten, so there must be none."""
    assert all(isinstance(route, APIRoute) for route in app.routes)
    return [(method, route.path) for route in app.routes for method in sorted(route.methods)]


def called(http, method, path):
    """Call a route with a body that is right as far as a general one can be."""
    for name in ("import_id", "usage_id", "unit_id"):
        path = path.replace(f"{{{name}}}", ZEROS)
    path = path.replace("{account_key}", "A-1").replace("{kind}", "result").replace("{number}", "1")
    if path in {"/", "/v1/usage", "/v1/object/import"} and method == "POST":
        name = "File" if path == "/v1/object/import" else "file"
        return http.post(path, files={name: ("a.csv", b"x")}, data={"ImportType": "Usage"})
    path = "/invoices?number=1" if path == "/invoices" else path
    body = {"type": "Usage", "objects": [{}], "ids": [ZEROS], "reason": "x", "UomName": "GB"}
    return http.request(method, path, json=None if method == "GET" else body)


def test_a_stranger_gets_in_nowhere_but_to_the_log_in(app, stranger):
    routes = mounted(app)
    assert len(routes) == 27
    for method, path in routes:
        if f"{method} {path}" != OPEN:
            answer = called(stranger, method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert stranger.get("/docs").status_code == stranger.get("/redoc").status_code == 401
    assert stranger.get("/nowhere").status_code == 401


def test_every_route_asks_for_the_lowest_role_that_may_use_it_and_a_viewer_changes_nothing(app, enter, business):
    before = business.contents()
    for role in Role:
        http = enter(role.name.lower())
        for method, path in mounted(app):
            needed = Role.ADMIN if f"{method} {path}" in BY_ADMINS else NEEDED[method]
            if f"{method} {path}" != OPEN and role < needed:
                assert called(http, method, path).status_code == 403, (role, method, path)
            elif method == "GET":
                assert called(http, method, path).status_code in {200, 303, 404}, (role, method, path)
        if role is Role.VIEWER:
            assert business.contents() == before


def test_the_gate_is_not_the_only_lock_every_route_has_a_role_of_its_own(app):
    for route in app.routes:
        names = {dependency.call.__qualname__ for dependency in route.dependant.dependencies}
        guarded = any(name.startswith("requires.") for name in names)
        assert guarded == (route.path != "/oauth/token"), route.path


def test_the_document_and_only_the_document_is_served_to_who_is_logged_in(viewer):
    assert viewer.get("/openapi.json").status_code == 200
    assert [viewer.get(path).status_code for path in ("/docs", "/redoc")] == [404, 404]


def test_the_page_tells_what_holds_for_every_call():
    assert all(each in PAGE for each in ("Idempotency-Key", "X-Track-Id", "METERBRIDGE_API_CLIENTS", "429"))


def test_the_page_names_every_route_and_none_that_is_not_there(app):
    listed = {
        tuple(cell.strip(" `") for cell in line.split("|")[1:4]) for line in PAGE.splitlines() if line.startswith("| `")
    }
    roles = {method: role.name.lower() for method, role in NEEDED.items()}
    expected = {
        (
            method,
            path,
            "open" if f"{method} {path}" == OPEN else "admin" if f"{method} {path}" in BY_ADMINS else roles[method],
        )
        for method, path in mounted(app)
    }
    assert listed == expected
