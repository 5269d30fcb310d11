"""Records that calls create; the business has one account, A-1, with one charge of kWh."""

from small_business import CHARGE, CHARGES

PATH = "/v1/object/usage"
RIGHT = {"AccountNumber": "A-1", "UOM": "kwh", "Quantity": 5, "StartDateTime": "2025-03-01T00:00:00Z"}


def quantities(http):
    return [each["quantity"] for each in http.get("/v1/usage/accounts/A-1").json()["usage"]]


def test_a_record_is_created_pending_and_found_by_its_id(editor):
    made = editor.post(PATH, json=RIGHT).json()
    assert made["Success"] is True
    found = editor.get(f"{PATH}/{made['Id']}").json()
    assert (found["Quantity"], found["RbeStatus"], found["ChargeNumber"], found["SourceType"]) == (
        5,
        "Pending",
        "C-1",
        "API",
    )


def test_a_record_that_is_not_right_is_refused_with_code_and_reason(editor):
    for wrong in ({"AccountNumber": "A-2"}, {"UOM": "mile"}, {"Quantity": None}, {"StartDateTime": "soon"}):
        answer = editor.post(PATH, json=RIGHT | wrong)
        assert answer.status_code == 400
        refusal = answer.json()
        assert refusal["Success"] is False
        assert all(refusal["Errors"][0][name] for name in ("Code", "Message"))
    assert quantities(editor) == []


def test_a_quantity_keeps_every_digit_on_its_way_in_and_out(editor):
    body = (
        '{"AccountNumber":"A-1","UOM":"kwh","Quantity":1234567890123.123456789,"StartDateTime":"2025-03-01T00:00:00Z"}'
    )
    made = editor.post(PATH, content=body, headers={"Content-Type": "application/json"}).json()
    for path in (f"{PATH}/{made['Id']}", "/v1/usage/accounts/A-1"):
        assert '"1234567890123.123456789"' not in editor.get(path).text
        assert "1234567890123.123456789" in editor.get(path).text


def test_unknown_fields_are_ignored_unless_the_caller_asks_otherwise(editor):
    strict = {"rejectUnknownFields": "true"}
    assert editor.post(PATH, json=RIGHT | {"Colour": "red"}, params=strict).status_code == 400
    assert editor.post(PATH, json=RIGHT | {"Colour": "red"}).status_code == 200
    assert editor.post(PATH, json=RIGHT, params=strict).status_code == 200


def test_of_two_charges_that_count_the_unit_a_record_may_name_the_one_of_the_catalog(editor, business):
    business.declare("charges/credit.yaml", CHARGE.replace("charge: energy", "charge: credit"))
    business.deliver("customers/subscribed_charges.csv", f"{CHARGES}C-2,S-1,A-1,credit,2020-01-01T00:00:00Z,,Active\n")
    business.register()
    assert editor.post(PATH, json=RIGHT).json()["Errors"][0]["Code"] == "charge_ambiguous"
    made = editor.post(PATH, json=RIGHT | {"ProductRatePlanChargeId": "credit"}, params={"rejectUnknownFields": "true"})
    assert editor.get(f"{PATH}/{made.json()['Id']}").json()["ChargeNumber"] == "C-2"


def test_a_unique_key_names_one_record_for_good(editor):
    for quantity in (5, 7):
        assert editor.post(PATH, json=RIGHT | {"Quantity": quantity, "UniqueKey": "k-1"}).status_code == 200
    assert quantities(editor) == [7]


def test_several_records_have_each_their_own_result_in_order(editor):
    objects = [RIGHT, RIGHT | {"AccountNumber": "A-2"}, RIGHT | {"Quantity": "many"}, RIGHT | {"Quantity": 6}]
    answer = editor.post("/v1/action/create", json={"type": "Usage", "objects": objects})
    assert answer.status_code == 200
    assert [each["Success"] for each in answer.json()] == [True, False, False, True]
    assert sorted(quantities(editor)) == [5, 6]


def test_only_usage_can_be_created(editor):
    answer = editor.post("/v1/action/create", json={"type": "Account", "objects": [RIGHT]})
    assert answer.status_code == 400
