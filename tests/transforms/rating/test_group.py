import pytest
from rating_by_hand import HOME_PHONE, bill, charge, used

from transforms.rating.usage import RatingError

UPLOADED = charge("volume", *HOME_PHONE, group="upload")
NAMED = charge("volume", *HOME_PHONE, group="group_id", group_field="Site__c")


def figures(items):
    return [(item.group_key, item.quantity, item.amount) for item in items]


def test_the_usage_of_each_upload_meets_the_tiers_afresh():
    lines = [used(1, "20", import_id="I1"), used(2, "90", import_id="I1"), used(3, "50", import_id="I2")]
    assert figures(bill(lines, UPLOADED)) == [("I1", 110, 990), ("I2", 50, 550)]


def test_usage_of_no_import_cannot_be_rated_by_upload():
    with pytest.raises(RatingError, match="record 1 has no import, but its charge is rated by upload"):
        bill([used(1, "20", import_id="")], UPLOADED)


def test_records_of_one_group_id_are_rated_together_and_those_without_one_as_well():
    sites = ({"Site__c": "north"}, {"SITE__C": " north "}, {"Site__c": ""}, {})
    lines = [used(number, "60", custom_fields=fields) for number, fields in enumerate(sites, start=1)]
    assert figures(bill(lines, NAMED)) == [("", 120, 1080), ("north", 120, 1080)]


@pytest.mark.parametrize("phone", [UPLOADED, NAMED, charge("volume", *HOME_PHONE, group="start_date")])
def test_an_adjustment_is_in_the_group_of_what_it_corrects_whatever_it_says_itself(phone):
    done = used(1, "60", day=3, status="Processed", custom_fields={"Site__c": "north"})
    less = used(2, "-20", day=4, corrects=1, import_id="I2")
    [item] = bill([done, less], phone)
    assert (item.quantity, item.amount, item.record_ids) == (40, 440, (1, 2))


def test_an_adjustment_whose_record_is_not_there_is_a_group_of_its_own():
    more = used(2, "20", corrects=1, import_id="I2")
    assert figures(bill([more], UPLOADED)) == [("I2", 20, 220)]
    assert figures(bill([more], charge("volume", *HOME_PHONE, group="record"))) == [("1", 20, 220)]
