from fractions import Fraction

import pytest
from pydantic import ValidationError

from transforms.exact import Rounding
from transforms.meter import Function, Meter
from transforms.source import Source

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


def test_there_are_six_ways_to_derive_a_quantity():
    assert [meter(derive={"function": each.value}).derive.function for each in Function] == list(Function)
    assert len(Function) == 6


def test_only_a_time_weighted_average_bounds_how_long_a_reading_holds():
    weighted = meter(derive={"function": "time_weighted_average", "gap_seconds_max": "3600"})
    assert weighted.derive.gap_seconds_max == 3600


@pytest.mark.parametrize("function", ["sum", "count", "maximum", "minimum", "average"])
def test_a_longest_gap_is_refused_where_it_has_no_meaning(function):
    with pytest.raises(ValidationError, match=f"gap_seconds_max has no meaning for {function}; leave it out"):
        meter(derive={"function": function, "gap_seconds_max": "3600"})


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
        ({"custom_fields": {"NOTE": "x"}}, "should match pattern"),
        ({"custom_fields": {"1NOTE__c": "x"}}, "should match pattern"),
        ({"custom_fields": {"NOTE__d": "x"}}, "should match pattern"),
        ({"rounding": {"decimals": "10"}}, "less than or equal to 9"),
        ({"rounding": {"mode": "nearest"}}, "'half_up', 'half_even', 'up' or 'down'"),
        ({"factor": "0"}, "a factor must be above 0"),
        ({"factor": "-1/2"}, "a factor must be above 0"),
        ({"charge": "CPU"}, "should match pattern"),
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
        ({"derive": {"function": "median"}}, "'sum', 'count', 'maximum', 'minimum', 'average' or 'time_weighted_av"),
        ({"derive": {"function": "time_weighted_average", "gap_seconds_max": "0"}}, "greater than 0"),
        ({"source": "Server CPU"}, "should match pattern"),
        ({"source": OWN | {"files": "*.csv"}}, "say where the account stands, once"),
        ({"meter": "CPU"}, "should match pattern"),
        ({"price": "1"}, "Extra inputs are not permitted"),
    ],
)
def test_a_meter_that_cannot_be_right_is_refused_and_the_message_says_why(fields, message):
    with pytest.raises(ValidationError, match=message):
        meter(**fields)
