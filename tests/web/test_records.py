"""Records, and what the API lets be done with them."""

import pytest

MISSING = "f" * 32
MARCH = {"AccountNumber": "A-1", "UOM": "kwh", "Quantity": 6.5, "StartDateTime": "2025-03-01T00:00:00Z"}
NOT_THERE = {"records": [], "size": 0, "done": True}


@pytest.fixture
def record(editor):
    """The path of a record that a call creates: 6.5 kWh of March."""
    made = editor.post("/v1/object/usage", json=MARCH).json()
    return f"/v1/object/usage/{made['Id']}"


def test_a_record_of_a_meter_came_by_import_and_once_processed_is_neither_changed_nor_deleted(admin, business):
    business.bill()
    (number,) = business.rows("usage_records", "record_id")
    path = f"/v1/object/usage/{number:032x}"
    assert admin.get(path).json()["SourceType"] == "Import"
    run = business.rate()
    for answer in (admin.put(path, json={"Quantity": 7}), admin.delete(path)):
        assert answer.status_code == 400
        assert run.bill_run_id in answer.json()["Errors"][0]["Message"]
    assert admin.get(path).json()["RbeStatus"] == "Processed"


def test_a_record_is_read_with_the_platforms_field_names_and_its_exact_digits(viewer, record):
    answer = viewer.get(record)
    assert answer.status_code == 200
    found = answer.json(parse_float=str)
    assert found["Id"] == record.rsplit("/", 1)[1]
    assert found["AccountNumber"] == found["AccountId"] == "A-1"
    assert found["SubscriptionNumber"] == "S-1"
    assert found["ChargeNumber"] == "C-1"
    assert found["UOM"] == "kwh"
    assert found["Quantity"] == "6.500000000"
    assert found["StartDateTime"] == "2025-03-01T00:00:00Z"
    assert found["RbeStatus"] == "Pending"
    assert found["SourceType"] == "API"


def test_a_record_that_is_not_there_is_told_the_platforms_way(admin):
    for id_ in (MISSING, "0" * 32, "7" + "f" * 31):
        for method, body in (("GET", None), ("PUT", {"Quantity": 1}), ("DELETE", None)):
            answer = admin.request(method, f"/v1/object/usage/{id_}", json=body)
            assert answer.status_code == 404
            assert answer.json() == NOT_THERE


def test_a_pending_record_is_changed_to_the_last_digit_and_who_did_it_and_why_is_kept(editor, business, record):
    text = '{"Quantity": 1234567890123.123456789, "UOM": "kwh"}'
    headers = {"Content-Type": "application/json", "X-Reason": "meter was read wrong"}
    assert editor.put(record, content=text, headers=headers).json() == {"Success": True, "Id": record[-32:]}
    assert '"Quantity":1234567890123.123456789,' in editor.get(record).text.replace(" ", "")
    assert business.rows("usage_changes", "action", "changed_by", "reason") == [
        ("update", "editor", "meter was read wrong")
    ]


MALFORMED = {
    "NaN": '{"Quantity": NaN}',
    "endless": '{"Quantity": 1e999999999}',
    "long": '{"Quantity": ' + "9" * 5000 + "}",
    "text": '{"Quantity": "many"}',
    "NUL": '{"UOM": "a\\u0000b"}',
    "half a surrogate": '{"UOM": "\\ud800"}',
    "nested": '{"State__c": ["a"]}',
    "deep": "[" * 100_000,
    "a list": "[]",
    "cut off": "{",
    "nothing": "",
}


def test_what_cannot_be_stored_is_refused_as_malformed(editor):
    for kind, body in MALFORMED.items():
        answer = editor.post("/v1/object/usage", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, kind
        assert answer.json()["Success"] is False, kind
        assert answer.json()["Errors"][0]["Code"] == "INVALID_VALUE", kind


def test_unknown_fields_are_ignored_unless_the_caller_asks_otherwise(editor, record):
    assert editor.put(record, json={"Quantity": 7, "Colour": "red"}).status_code == 200
    answer = editor.put(record, json={"Quantity": 8, "Colour": "red"}, params={"rejectUnknownFields": "true"})
    assert answer.status_code == 400
    assert answer.json() == {
        "Success": False,
        "Errors": [{"Code": "INVALID_FIELD", "Message": "unknown fields: Colour"}],
    }
    assert editor.get(record).json()["Quantity"] == 7


def test_a_deleted_record_is_gone_and_kept_aside(admin, business, record):
    answer = admin.delete(record, headers={"X-Reason": "sent twice"})
    assert answer.json() == {"id": record[-32:], "success": True}
    assert admin.get(record).status_code == 404
    assert business.rows("usage_changes", "action", "changed_by", "reason") == [("delete", "admin", "sent twice")]


def test_several_records_have_each_their_own_result_in_order(admin, record):
    id_ = record[-32:]
    changes = [{"Id": MISSING, "Quantity": 1}, {"Id": id_, "Quantity": "many"}, {"Id": id_, "Quantity": 9}, {}]
    results = admin.post("/v1/action/update", json={"type": "Usage", "objects": changes}).json()
    assert [each["Success"] for each in results] == [False, False, True, False]
    assert results[0]["Errors"][0]["Code"] == "NOT_FOUND"
    assert admin.get(record).json()["Quantity"] == 9

    results = admin.post("/v1/action/delete", json={"type": "Usage", "ids": [MISSING, id_, "?"]}).json()
    assert [(each["id"], each["success"]) for each in results] == [(MISSING, False), (id_, True), ("?", False)]
    assert admin.get(record).status_code == 404


def test_one_call_takes_at_most_50_records(admin):
    for count, status in ((0, 400), (50, 200), (51, 400)):
        call = {"type": "Usage", "ids": [MISSING] * count}
        assert admin.post("/v1/action/delete", json=call).status_code == status


def test_an_import_is_deleted_whole_and_only_tried_unless_told_otherwise(admin, record):
    import_id = admin.get(record).json()["ImportId"]
    call = {"importId": import_id, "reason": "wrong month"}
    assert admin.post("/v1/usage/delete", json=call).json() == {"success": True, "dryRun": True, "records": 1}
    assert admin.get(record).status_code == 200
    done = admin.post("/v1/usage/delete", json=call | {"dryRun": False}).json()
    assert done == {"success": True, "dryRun": False, "records": 1}
    assert admin.get(record).status_code == 404


def test_a_deletion_needs_a_reason_and_one_way_to_choose(admin):
    for call in ({}, {"reason": " "}, {"reason": "x"}, {"reason": "x", "ids": [MISSING], "fileName": "a"}):
        answer = admin.post("/v1/usage/delete", json=call)
        assert answer.status_code == 400
        assert answer.json()["success"] is False


def test_an_accounts_usage_is_paged_newest_first(viewer, business):
    business.deliver(
        "power/A-1/year.csv", "at,value\n" + "".join(f"2025-{month:02}-02T00:00:00Z,{month}\n" for month in range(1, 4))
    )
    business.extract()
    for month in range(1, 4):
        business.run(period=f"2025-{month:02}")
    first = viewer.get("/v1/usage/accounts/A-1", params={"pageSize": 2}).json()
    assert [each["quantity"] for each in first["usage"]] == [3, 2]
    assert {first["usage"][0][name] for name in ("accountNumber", "accountName", "unitOfMeasure", "status")} == {
        "A-1",
        "Mill",
        "kwh",
        "Pending",
    }
    assert first["nextPage"] == "/v1/usage/accounts/A-1?page=2&pageSize=2"
    second = viewer.get(first["nextPage"]).json()
    assert [each["quantity"] for each in second["usage"]] == [1]
    assert second["nextPage"] is None


def test_an_unknown_account_is_not_found(viewer):
    assert viewer.get("/v1/usage/accounts/A-2").status_code == 404
    assert viewer.get("/v1/usage/accounts/A%00").status_code == 400
