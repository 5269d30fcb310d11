"""The template is a file that the desk takes, once its example is replaced."""

from pipeline.uploads.template import template


def test_the_template_has_every_column_and_an_example_in_a_known_unit():
    header, example = template(["kwh", "hour"], ["Region__c"]).decode().splitlines()
    assert header == (
        "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION,"
        "PRODUCT_RATE_PLAN_CHARGE_ID,UNIQUE_KEY,REGION__C"
    )
    assert example == "A00000001,kwh,1.5,2025-01-31,,,,,,,"


def test_a_template_that_is_filled_in_is_loaded_and_one_that_is_not_fails(desk):
    content = template(["kwh"], ["Region__c"])
    assert desk.load(content)["validation"]["codes"] == {"account_unknown": 1}
    assert desk.load(content.replace(b"A00000001", b"A-1"))["status"] == "Completed"
