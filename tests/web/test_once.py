from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from pipeline.store import answers

PATH = "/v1/object/unit-of-measure"
UNIT = {"UomName": "GB", "DecimalPlaces": 3}
KEYED = {"Idempotency-Key": "order-1"}


def test_a_call_that_is_sent_again_is_answered_as_before_and_not_carried_out_again(admin, business):
    first = admin.post(PATH, json=UNIT, headers=KEYED)
    again = admin.post(PATH, json=UNIT, headers=KEYED)
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert again.headers["Idempotent-Replay"] == "true"
    assert business.rows("units", "uom") == ["GB"]
    assert admin.post(PATH, json=UNIT).status_code == 400  # without the key it is a second unit of one name


def test_a_key_belongs_to_one_request_and_to_one_client(admin, enter):
    admin.post(PATH, json=UNIT, headers=KEYED)
    other = admin.post(PATH, json=UNIT | {"UomName": "TB"}, headers=KEYED)
    assert other.status_code == 422
    assert other.json()["Errors"][0]["Code"] == "key_reused"
    assert enter("viewer").post(PATH, json=UNIT, headers=KEYED).status_code == 403


def test_a_refused_call_gives_its_key_back(admin, business):
    assert admin.post(PATH, json=UNIT | {"DecimalPlaces": 10}, headers=KEYED).status_code == 400
    assert business.rows("answers", "idempotency_key") == []
    assert admin.post(PATH, json=UNIT, headers=KEYED).status_code == 200


def test_a_call_that_is_being_carried_out_is_not_carried_out_beside_itself(admin, business):
    admin.post(PATH, json=UNIT, headers=KEYED)
    with business.store.begin() as connection:
        connection.execute(sa.text("UPDATE answers SET status_code = NULL, body = NULL"))
    answer = admin.post(PATH, json=UNIT, headers=KEYED)
    assert answer.status_code == 409
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["Errors"][0]["Code"] == "in_flight"


def test_of_calls_that_come_at_once_one_is_carried_out(editor, business):
    record = {"AccountNumber": "A-1", "UOM": "kwh", "Quantity": 5, "StartDateTime": "2025-03-01T00:00:00Z"}
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(editor.post, "/v1/object/usage", json=record, headers=KEYED) for _ in range(4)]
    assert {call.result().status_code for call in calls} <= {200, 409}
    assert business.rows("usage_records", "quantity") == [5]


def test_a_call_that_broke_off_is_never_carried_out_again_on_its_own(admin, business):
    admin.post(PATH, json=UNIT, headers=KEYED)
    with business.store.begin() as connection:
        connection.execute(sa.text("UPDATE answers SET status_code = NULL, created_at = now() - interval '1 hour'"))
    answer = admin.post(PATH, json=UNIT, headers=KEYED)
    assert answer.status_code == 409
    assert answer.json()["Errors"][0]["Code"] == "outcome_unknown"


def test_a_key_has_1_to_255_plain_characters(admin):
    for key, status in (("k" * 255, 200), ("k" * 256, 400), (" ", 400), ("ä", 400)):
        assert admin.post(PATH, json=UNIT, headers=[(b"Idempotency-Key", key.encode())]).status_code == status


def test_a_form_is_the_same_call_whatever_its_boundary(editor, business):
    def parts(boundary, name="a.csv"):
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        return {"content": f"{head}x\r\n--{boundary}--\r\n".encode()}, {
            "Content-Type": f"multipart/form-data; boundary={boundary}"
        }

    statuses = []
    for boundary, name in (("one", "a.csv"), ("another", "a.csv"), ("one", "b.csv")):
        content, headers = parts(boundary, name)
        statuses.append(editor.post("/v1/usage", **content, headers=headers | KEYED).status_code)
    assert statuses == [200, 200, 422]
    assert business.rows("imports", "name") == ["a.csv"]


def test_a_creation_that_broke_off_is_taken_up_again_and_creates_nothing_twice(editor, business):
    record = {"AccountNumber": "A-1", "UOM": "kwh", "Quantity": 5, "StartDateTime": "2025-03-01T00:00:00Z"}
    first = editor.post("/v1/object/usage", json=record, headers=KEYED)
    died = "UPDATE answers SET status_code = NULL, created_at = now() - interval '{} minutes'"
    for minutes, status in ((4, 409), (6, 200)):
        with business.store.begin() as connection:
            connection.execute(sa.text(died.format(minutes)))
        again = editor.post("/v1/object/usage", json=record, headers=KEYED)
        assert again.status_code == status
    assert again.json() == first.json()
    assert business.rows("usage_records", "quantity") == [5]


def test_answers_of_another_week_are_dropped(admin, business):
    admin.post(PATH, json=UNIT, headers=KEYED)
    at = datetime.now(UTC)
    with business.store.begin() as connection:
        assert answers.drop_before(connection, at - timedelta(days=7)) == 0
        assert answers.drop_before(connection, at + timedelta(minutes=1)) == 1
