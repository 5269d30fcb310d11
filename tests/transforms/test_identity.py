import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.identity import bill_run_id, content_hash, digest, import_id, record_key
from transforms.period import Period

FEBRUARY, MARCH = Period.parse("2014-02"), Period.parse("2014-03")
TEXTS = st.lists(st.text(max_size=5), max_size=4)


@given(TEXTS, TEXTS)
def test_lists_of_texts_have_one_digest_only_when_they_are_equal(one, other):
    assert (digest(*one) == digest(*other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(["ab", "c"], ["a", "bc"]), (["a", ""], ["", "a"]), (["1:a"], ["", "a"]), (["a1:b"], ["a", "b"]), ([], [""])],
)
def test_texts_never_run_into_one_another(one, other):
    assert digest(*one) != digest(*other)


def test_an_identity_is_the_same_on_every_machine_and_day():
    # SHA-256 of `1:a`
    assert digest("a") == "4162fddd39a3e4225e8e2392eced237fbeb34e6e218b5647d27bd4d2b9c0da24"


def test_a_then_b_then_a_again_are_three_imports():
    first = import_id("A", None)
    second = import_id("B", first)
    third = import_id("A", second)
    assert len({first, second, third}) == 3


def test_the_same_content_after_the_same_import_is_the_same_import():
    assert import_id("A", None) == import_id("A", None)
    assert import_id("A", "x") == import_id("A", "x") != import_id("A", "y")
    assert len(import_id("A", "x")) == 32


@pytest.mark.parametrize(
    ("meter", "period", "records"),
    [
        ("disk", FEBRUARY, ["r1", "r2"]),
        ("cpu", MARCH, ["r1", "r2"]),
        ("cpu", FEBRUARY, ["r1"]),
        ("cpu", FEBRUARY, ["r1", "r2", "r2"]),
        ("cpu", FEBRUARY, ["r1r2"]),
        ("cpu", FEBRUARY, []),
    ],
)
def test_another_meter_period_or_record_is_another_content(meter, period, records):
    assert content_hash(meter, period, records) != content_hash("cpu", FEBRUARY, ["r1", "r2"])


def test_a_record_is_named_by_charge_start_and_the_fields_that_split_it():
    plain = record_key("C-1", 5, {})
    others = [record_key("C-2", 5, {}), record_key("C-1", 6, {}), record_key("C-1", 5, {"A__c": "1"})]
    assert len({plain, *others}) == 4
    assert record_key("C-1", 5, {"A__c": "1", "B__c": "2"}) == record_key("C-1", 5, {"B__c": "2", "A__c": "1"})


def test_a_bill_run_is_named_by_its_period_and_its_place_among_the_periods_bill_runs():
    named = {bill_run_id(period, ordinal) for period in (FEBRUARY, MARCH) for ordinal in (1, 2, 11)}
    assert len(named) == 6
    assert {len(each) for each in named} == {32}
