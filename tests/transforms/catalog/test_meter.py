from fractions import Fraction

import pytest
from pydantic import ValidationError

from transforms.catalog.meter import Function, Meter
from transforms.catalog.source import Source
from transforms.exact import Rounding

OWN = {"files": "cpu/{account}/*.csv", "columns": {"at": "t", "value": "v"}}


def meter(mapping=None, **fields):
    plain = {
        "meter": "cpu_peak",
        "owner": "billing@example.com",
        "source": "server_cpu",
        "derive": {"function": "maximum"},
        "map": {"charge": "cpu", "unit": "percent"} | (mapping or {}),
    }
    return Meter.model_validate(plain | fields)


def test_a_meter_reads_the_source_that_it_names():
    assert meter().source_name == "server_cpu"


def test_a_source_of_the_meters_own_takes_the_meters_name():
    own = meter(source=OWN)
    assert isinstance(own.source, Source)
    assert own.source_name == own.source.source == "cpu_peak"


def test_a_source_of_the_meters_own_may_bear_a_name_of_its_own():
    assert meter(source={"source": "cpu_files"} | OWN).source_name == "cpu_files"


def test_a_quantity_keeps_nine_decimals_unless_the_meter_says_otherwise():
    assert meter().map.rounding.decimals == 9
    assert meter().map.rounding.mode is Rounding.HALF_UP
    assert meter({"rounding": {"decimals": "0", "mode": "up"}}).map.rounding.mode is Rounding.UP


def test_a_factor_is_the_exact_fraction_that_was_written():
    assert meter({"factor": "1/3"}).map.factor == Fraction(1, 3)
    assert meter({"factor": "0.1"}).map.factor == Fraction(1, 10)


# What each function cannot be without, and what besides it can take.
NEEDED = {
    "percentile": {"percentile": "95"},
    "peak": {"bucket_seconds": "3600", "bucket_function": "sum"},
    "custom": {"rule": "spread"},
}
TAKEN = {
    "time_weighted_average": {"gap_seconds_max": "3600"},
    "time_weighted_sum": {"gap_seconds_max": "3600", "per": "day"},
    "percentile": {"bucket_seconds": "300", "bucket_function": "average"},
    "unique_count": {"of": "tenant"},
    "increase": {"wraps_at": "100000"},
}
PARAMETERS = {name: value for each in (*NEEDED.values(), *TAKEN.values()) for name, value in each.items()}
FUNCTIONS = [each.value for each in Function]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_needs_and_takes_what_is_its_own(function):
    needed = NEEDED.get(function, {})
    full = needed | TAKEN.get(function, {})
    assert meter(derive={"function": function} | needed).derive.function == function
    stated = meter(derive={"function": function} | full).derive.model_dump(exclude_defaults=True)
    assert {name: str(value) for name, value in stated.items()} == {"function": function} | full


@pytest.mark.parametrize(
    ("function", "parameter"),
    [
        (function, parameter)
        for function in FUNCTIONS
        for parameter in PARAMETERS
        if parameter not in NEEDED.get(function, {}) | TAKEN.get(function, {})
    ],
)
def test_a_parameter_is_refused_where_it_has_no_meaning(function, parameter):
    with pytest.raises(ValidationError, match=f"{parameter} has no meaning for {function}; leave it out"):
        meter(derive={"function": function, parameter: PARAMETERS[parameter]} | NEEDED.get(function, {}))


@pytest.mark.parametrize(
    ("derive", "message"),
    [
        ({"function": "percentile"}, "percentile needs percentile beside it"),
        ({"function": "percentile", "percentile": "0"}, "greater than 0"),
        ({"function": "percentile", "percentile": "100.1"}, "less than or equal to 100"),
        ({"function": "percentile", "percentile": "99.9999999"}, "no more than 6 decimal places"),
        ({"function": "percentile", "percentile": "95", "bucket_seconds": "300"}, "bucket_seconds needs bucket_func"),
        ({"function": "percentile", "percentile": "95", "bucket_function": "sum"}, "bucket_function needs one of bu"),
        ({"function": "peak"}, "peak needs bucket_function beside it, and one of bucket and bucket_seconds"),
        ({"function": "peak", "bucket": "day"}, "peak needs bucket_function beside it"),
        ({"function": "percentile", "percentile": "95", "bucket": "day"}, "bucket needs bucket_function beside it"),
        (
            {"function": "peak", "bucket": "day", "bucket_seconds": "60", "bucket_function": "sum"},
            "bucket_function needs one of bucket and bucket_seconds beside it, which say how long a bucket is",
        ),
        ({"function": "peak", "bucket": "month", "bucket_function": "sum"}, "Input should be 'day'"),
        ({"function": "custom"}, "custom needs rule beside it"),
        ({"function": "custom", "rule": "Spread"}, "letter, then"),
        ({"function": "sum", "rule": "spread"}, "rule has no meaning for sum"),
        ({"function": "sum", "filter": {"attributes": {"region": []}}}, "at least 1 item"),
        ({"function": "peak", "bucket_seconds": "0", "bucket_function": "sum"}, "greater than 0"),
        ({"function": "peak", "bucket_seconds": "60", "bucket_function": "median"}, "'average', 'sum', 'count' or"),
        ({"function": "time_weighted_sum", "per": "month"}, "'second', 'hour' or 'day'"),
        ({"function": "sum", "filter": {}}, "a filter needs a minimum, a maximum or attributes"),
        ({"function": "sum", "filter": {"minimum": "2", "maximum": "1"}}, "no value is from 2 to 1"),
        ({"function": "sum", "filter": {"minimum": "NaN"}}, "write a number such as 0.25"),
        ({"function": "sum", "filter": {"above": "1"}}, "Extra inputs are not permitted"),
    ],
)
def test_a_derivation_that_cannot_be_right_is_refused_and_the_message_says_why(derive, message):
    with pytest.raises(ValidationError, match=message):
        meter(derive=derive)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (
            {"description": "{months} of use"},
            r"{months} is unknown here; write one of meter, period, function, readings",
        ),
        ({"description": "{} of use"}, r"{} is unknown here"),
        ({"description": "{period.year}"}, r"{period.year} is unknown here"),
        ({"description": "half open {"}, "Single '{' encountered"),
        ({"description": "x" * 201}, "at most 200 characters"),
        ({"custom_fields": {"NOTE__c": "{secret}"}}, r"{secret} is unknown here"),
        ({"custom_fields": {"NOTE": "x"}}, "letter, then"),
        ({"custom_fields": {"1NOTE__c": "x"}}, "letter, then"),
        ({"custom_fields": {"NOTE__d": "x"}}, "letter, then"),
        ({"rounding": {"decimals": "10"}}, "less than or equal to 9"),
        ({"rounding": {"mode": "nearest"}}, "'half_up', 'half_even', 'up' or 'down'"),
        ({"factor": "0"}, "a factor must be above 0"),
        ({"factor": "-1/2"}, "a factor must be above 0"),
        ({"charge": "CPU"}, "letter, then"),
        ({"uom": "percent"}, "Extra inputs are not permitted"),
    ],
)
def test_a_mapping_that_cannot_be_right_is_refused_and_the_message_says_why(mapping, message):
    with pytest.raises(ValidationError, match=message):
        meter(mapping)


@pytest.mark.parametrize("description", ["{readings:d}", "{period!x}", "{readings:{digits}}"])
def test_a_description_that_would_fail_when_usage_is_mapped_is_refused_when_the_meter_is_read(description):
    with pytest.raises(ValidationError, match="description"):
        meter({"description": description})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"derive": {"function": "median"}}, "'increase', 'percentile', 'peak' or 'custom'"),
        ({"derive": {"function": "time_weighted_average", "gap_seconds_max": "0"}}, "greater than 0"),
        ({"source": "Server CPU"}, "letter, then"),
        ({"source": OWN | {"files": "*.csv"}}, "say where the account stands, once"),
        ({"meter": "CPU"}, "letter, then"),
        ({"price": "1"}, "Extra inputs are not permitted"),
    ],
)
def test_a_meter_that_cannot_be_right_is_refused_and_the_message_says_why(fields, message):
    with pytest.raises(ValidationError, match=message):
        meter(**fields)


def test_the_attributes_that_a_meter_speaks_of_are_those_it_filters_groups_and_counts_by():
    derive = {"function": "unique_count", "of": "pod", "group_by": ["tier"], "filter": {"attributes": {"zone": ["a"]}}}
    grouped = meter({"custom_fields": {"TIER__c": "{tier}"}}, derive=derive)
    assert grouped.derive.attributes == {"pod", "tier", "zone"}
    assert meter().derive.attributes == set()


def test_what_a_meter_groups_by_must_stand_in_a_custom_field_or_its_records_would_look_alike():
    derive = {"function": "sum", "group_by": ["tier", "zone"]}
    with pytest.raises(ValidationError, match=r"derive.group_by: zone must stand in a custom field, such as map"):
        meter({"custom_fields": {"TIER__c": "{tier}"}}, derive=derive)
    told = meter({"custom_fields": {"TIER__c": "{tier} of {zone}"}}, derive=derive)
    assert told.derive.group_by == ("tier", "zone")


@pytest.mark.parametrize(
    ("coverage", "message"),
    [
        ({}, "coverage.minimum\n  Field required"),
        ({"minimum": "0"}, "greater than 0"),
        ({"minimum": "1.01"}, "less than or equal to 1"),
        ({"minimum": "0.9", "below": "drop"}, "'warn', 'hold' or 'fail'"),
    ],
)
def test_a_coverage_that_cannot_be_right_is_refused_and_the_message_says_why(coverage, message):
    with pytest.raises(ValidationError, match=message):
        meter(coverage=coverage)


def test_a_meter_runs_by_the_month_unless_it_says_daily():
    assert (meter().schedule, meter(schedule="daily").schedule) == ("monthly", "daily")
    with pytest.raises(ValidationError, match="'monthly' or 'daily'"):
        meter(schedule="hourly")


def test_a_counter_that_is_too_long_beside_the_decimals_of_its_source_does_not_fit_it():
    columns = {"at": "t", "value": "v", "account": "a"}
    exact = Source.model_validate({"source": "s", "files": "*", "columns": columns, "value": {"decimals": "30"}})
    wide, narrow = (meter(derive={"function": "increase", "wraps_at": end}) for end in ("100000000", "99999999"))
    key, why = wide.misfit(exact)
    assert key == "derive"
    assert why == ("derive.wraps_at: beside value.decimals 30 there is room for 8 digits; give source s fewer decimals")
    assert narrow.misfit(exact) is None
