from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from transforms.catalog.customers import SubscribedCharge
from transforms.catalog.meter import Meter
from transforms.identity import record_key
from transforms.period import Period
from transforms.usage.usage import Quantity, Terms, to_usage

START, END = datetime(2014, 2, 1, 5, tzinfo=UTC), datetime(2014, 3, 1, 5, tzinfo=UTC)
START_US, END_US = 1391230800000000, 1393650000000000
QUANTITY = Quantity("C-1", START_US, END_US, Decimal("10"), Decimal(0), 1, 4032, START_US, END_US - 1)


def meter(derive=None, **mapping):
    return Meter.model_validate({
        "meter": "cpu_average",
        "owner": "billing@example.com",
        "source": "server_cpu",
        "derive": derive or {"function": "average"},
        "map": {"charge": "cpu", "unit": "percent"} | mapping,
    })  # fmt: skip


def usage(*quantities, factor=Fraction(1), **mapping):
    charges = [SubscribedCharge(f"C-{number}", f"S-{number}", "A-1", "cpu", START) for number in (1, 2, 3)]
    return to_usage(quantities, charges, Terms(meter(**mapping), Period.parse("2014-02"), "percent", factor))


def quantity(numerator, denominator=1, *, remainder="0", factor="1", **rounding):
    """The usage's quantity, as text, of a derived value."""
    derived = replace(QUANTITY, numerator=Decimal(numerator), remainder=Decimal(remainder), denominator=denominator)
    return str(usage(derived, factor=Fraction(factor), rounding=rounding)[0].quantity)


def test_a_record_says_who_is_billed_by_what_for_which_time():
    record = usage(QUANTITY)[0]
    assert (record.account_number, record.subscription_number, record.charge_number) == ("A-1", "S-1", "C-1")
    assert (record.charge, record.uom, record.period, record.readings) == ("cpu", "percent", "2014-02", 4032)
    assert (record.start_at, record.end_at) == (START, END)


@pytest.mark.parametrize(
    ("numerator", "denominator", "factor", "expected"),
    [
        ("10", 1, "1", "10.000000000"),
        ("10", 3, "1", "3.333333333"),
        ("20", 3, "1", "6.666666667"),
        ("1", 3, "3", "1.000000000"),
        ("2301505330.1", 1, "1/1000000000", "2.301505330"),
        ("30", 1, "1/3", "10.000000000"),
        ("-20", 3, "1", "-6.666666667"),
    ],
)
def test_a_quantity_is_multiplied_as_a_fraction_and_divided_and_rounded_once(numerator, denominator, factor, expected):
    assert quantity(numerator, denominator, factor=factor) == expected


def test_whole_part_and_remainder_are_added_before_anything_is_rounded():
    assert quantity("10", 4, remainder="0.0000000020") == "2.500000001"
    assert quantity("10", 4, remainder="-0.0000000021") == "2.499999999"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("half_up", ["0.13", "-0.13", "0.12"]),
        ("half_even", ["0.12", "-0.12", "0.12"]),
        ("up", ["0.13", "-0.13", "0.13"]),
        ("down", ["0.12", "-0.12", "0.12"]),
    ],
)
def test_a_meter_says_where_and_how_its_quantity_is_rounded(mode, expected):
    values = ["0.125", "-0.125", "0.1201"]
    assert [quantity(value, decimals="2", mode=mode) for value in values] == expected


def test_records_come_in_the_order_of_their_keys_whatever_the_order_of_quantities():
    quantities = [replace(QUANTITY, charge_number=f"C-{number}") for number in (1, 2, 3)]
    records = usage(*quantities)
    assert records == usage(*quantities[::-1])
    assert [record.record_key for record in records] == sorted(record.record_key for record in records)


def test_a_quantity_of_a_charge_that_nobody_subscribed_to_is_an_error():
    with pytest.raises(KeyError, match="C-9"):
        usage(replace(QUANTITY, charge_number="C-9"))


def test_description_and_custom_fields_speak_of_the_meter_period_function_and_readings():
    text = "{meter}: {function} of {readings} readings in {period}"
    record = usage(QUANTITY, description=text, custom_fields={"NOTE__c": "by {meter}", "PLAIN__c": "x"})[0]
    assert record.description == "cpu_average: average of 4032 readings in 2014-02"
    assert record.custom_fields == {"NOTE__c": "by cpu_average", "PLAIN__c": "x"}


def test_a_record_is_named_by_charge_and_start_of_service_and_not_by_what_it_counts():
    key = usage(QUANTITY)[0].record_key
    assert key == record_key("C-1", START_US, {})
    assert (
        key == usage(replace(QUANTITY, numerator=Decimal(11), readings=5), custom_fields={"NOTE__c": "x"})[0].record_key
    )
    assert key != usage(replace(QUANTITY, start_us=START_US + 1))[0].record_key
    assert key != usage(replace(QUANTITY, charge_number="C-2"))[0].record_key


def test_the_order_of_custom_fields_is_no_part_of_what_a_record_is():
    one = usage(QUANTITY, custom_fields={"B__c": "2", "A__c": "1"})[0]
    assert one.canonical == usage(QUANTITY, custom_fields={"A__c": "1", "B__c": "2"})[0].canonical


@pytest.mark.parametrize(
    ("written", "plain"), [("10.000000000", "10"), ("1E+3", "1000"), ("0E-9", "0"), ("1E-9", "0.000000001")]
)
def test_equal_quantities_are_equal_usage_however_they_are_written(written, plain):
    one, two = (replace(usage(QUANTITY)[0], quantity=Decimal(text)) for text in (written, plain))
    assert one.canonical == two.canonical


def test_quantities_that_differ_in_their_32nd_digit_are_different_usage():
    digits = ("12345678901234567890123.123456789", "12345678901234567890123.123456788")
    one, two = (usage(replace(QUANTITY, numerator=Decimal(text)))[0] for text in digits)
    assert one.canonical != two.canonical


def test_a_separator_within_a_text_is_not_taken_for_the_next_field():
    one = usage(QUANTITY, custom_fields={"A__c": "1;B__c=2"})[0]
    two = usage(QUANTITY, custom_fields={"A__c": "1", "B__c": "2"})[0]
    assert one.canonical != two.canonical


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": Decimal("10.000000001")},
        {"uom": "hour"},
        {"start_at": END},
        {"end_at": START},
        {"readings": 4031},
        {"description": "another"},
        {"custom_fields": {"A__c": "1"}},
        {"record_key": "another"},
    ],
)
def test_whatever_changes_in_a_record_makes_it_other_usage(change):
    record = usage(QUANTITY)[0]
    assert replace(record, **change).canonical != record.canonical


def grouped(**attributes):
    """Usage of one charge that was derived by attributes."""
    fields = {f"{name.upper()}__c": f"{{{name}}}" for name in attributes}
    declared = meter({"function": "sum", "group_by": list(attributes)}, custom_fields=fields)
    subscribed = [SubscribedCharge("C-1", "S-1", "A-1", "cpu", START)]
    found = [replace(QUANTITY, attributes=attributes)]
    return to_usage(found, subscribed, Terms(declared, Period.parse("2014-02"), "percent", Fraction(1)))[0]


def test_the_attributes_that_usage_is_grouped_by_are_told_in_its_custom_fields():
    assert grouped(region="eu", tier="gold").custom_fields == {"REGION__c": "eu", "TIER__c": "gold"}
    assert grouped(region="").custom_fields == {"REGION__c": ""}


def test_records_of_different_attributes_are_different_records():
    told = [{}, {"region": "eu"}, {"region": ""}, {"region": "us"}, {"tier": "eu"}, {"region": "e", "tier": "u"}]
    assert len({grouped(**attributes).record_key for attributes in told}) == len(told)


def test_a_brace_in_an_attribute_is_a_brace_in_its_field():
    assert grouped(region="{meter}").custom_fields == {"REGION__c": "{meter}"}


def test_a_record_tells_how_many_samples_it_should_have_where_the_source_does():
    subscribed = [SubscribedCharge("C-1", "S-1", "A-1", "cpu", START)]
    found = [replace(QUANTITY, samples_seen=4032)]
    ways = [
        to_usage(found, subscribed, Terms(meter(), Period.parse("2014-02"), "percent", Fraction(1), interval))[0]
        for interval in (300, None)
    ]
    assert [(each.samples_seen, each.samples_expected) for each in ways] == [(4032, 28 * 288), (None, None)]
