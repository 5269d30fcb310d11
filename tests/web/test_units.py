PATH = "/v1/object/unit-of-measure"


def test_units_of_the_catalog_are_listed_with_the_platforms_field_names(viewer):
    units = viewer.get(PATH).json()
    assert units["size"] == 2
    assert units["done"] is True
    hour, kwh = units["records"]
    assert (hour["UomName"], hour["DecimalPlaces"], hour["RoundingMode"]) == ("hour", 2, "Up")
    assert kwh["Aliases"] == {"wh": "1/1000"}
    assert viewer.get(f"{PATH}/{kwh['Id']}").json() == kwh
    assert viewer.get(f"{PATH}/{'0' * 32}").status_code == 404


def test_a_unit_of_the_catalog_may_say_more_than_a_call_can(viewer, business):
    path = business.catalog_folder / "units.yaml"
    said = "One kilowatt for an hour, as the meter at the gate of the mill counts it"
    path.write_text(path.read_text().replace("kwh: {", f"kwh: {{description: '{said}', "))
    assert said in {unit["DisplayedAs"] for unit in viewer.get(PATH).json()["records"]}


def test_a_unit_is_created_and_changed_and_keeps_its_name(admin):
    made = admin.post(PATH, json={"UomName": "GB", "DecimalPlaces": 3, "Aliases": {"MB": "1/1000"}}).json()
    assert made["Success"] is True
    path = f"{PATH}/{made['Id']}"
    assert admin.put(path, json={"UomName": "GB", "DecimalPlaces": 6, "RoundingMode": "Down"}).status_code == 200
    unit = admin.get(path).json()
    assert (unit["DecimalPlaces"], unit["RoundingMode"], unit["Aliases"]) == (6, "Down", {})
    answer = admin.put(path, json={"UomName": "TB"})
    assert answer.status_code == 400
    assert "a unit keeps its name" in answer.json()["Errors"][0]["Message"]


def test_a_unit_that_is_not_right_is_refused_with_the_reason(admin):
    wrong = [
        ({"UomName": "kwh"}, "in_catalog"),
        ({"UomName": "GB", "DecimalPlaces": 10}, "INVALID_VALUE"),
        ({"UomName": "GB", "Aliases": {"MB": "1/0"}}, "invalid"),
        ({}, "INVALID_VALUE"),
    ]
    for fields, code in wrong:
        answer = admin.post(PATH, json=fields)
        assert answer.status_code == 400
        assert answer.json()["Errors"][0]["Code"] == code
