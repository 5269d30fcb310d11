import pytest
from small_business import SOURCE

from pipeline.artefact import read


def quantities(business):
    return [f"{row['quantity'].normalize():f}" for row in read(business.prepare()[0])[0].to_pylist()]


def test_an_attribute_that_is_taken_from_a_source_is_no_more_asked_for(business, march):
    business.declare(
        "sources/power.yaml", SOURCE.replace("value: value}", "value: value, attributes: {region: region}}")
    )
    business.deliver("power/A-1/earlier.csv", "at,value,region\n2025-03-20T00:00:00Z,4,eu\n")
    business.extract()
    business.declare("sources/power.yaml", SOURCE)
    business.bill(march)
    assert quantities(business) == ["10.5"]


@pytest.mark.parametrize(("key", "cell"), [("event_id", "e-1"), ("subscription", "S-1"), ("revision", "1")])
def test_a_source_may_be_given_any_column_later(business, march, key, cell):
    business.bill(march)
    business.declare("sources/power.yaml", SOURCE.replace("value: value}", f"value: value, {key}: more}}"))
    business.deliver("power/A-1/later.csv", f"at,value,more\n2025-03-20T00:00:00Z,4,{cell}\n")
    business.extract()
    assert quantities(business) == ["10.5"]
