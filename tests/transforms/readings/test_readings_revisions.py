"""What is landed beside the value: the point that was metered, the revision of the reading, its attributes."""

import pytest

from transforms.catalog.source import Source


def source(**more):
    columns = {"at": "t", "value": "v", "account": "a"} | more.pop("columns", {})
    return Source.model_validate({"source": "s", "files": "*.csv", "columns": columns} | more)


def revision(parsed, text, **more):
    reading = parsed([{"revision": text}], source(columns={"revision": "r"}, **more))[0]
    return reading["reason"] or reading["revision"]


WORDS = {"revisions": ["estimate", "substituted", "actual"]}


@pytest.mark.parametrize(("text", "rank"), [("estimate", 0), ("substituted", 1), (" actual ", 2)])
def test_a_revision_in_words_is_its_place_in_the_list_of_the_source(parsed, text, rank):
    assert revision(parsed, text, **WORDS) == rank


@pytest.mark.parametrize("text", ["final", "", "Actual", "1"])
def test_a_word_that_the_source_does_not_list_is_quarantined(parsed, text):
    assert revision(parsed, text, **WORDS) == "unknown_revision"


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("0", 0),
        ("-3", -3),
        ("+12", 12),
        ("9223372036854775807", 2**63 - 1),
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01", 0),
        ("1970-01-01 02:00+02:00", 0),
        ("1970-01-01T00:00:00.000001", 1),
    ],
)
def test_without_words_a_revision_is_a_whole_number_or_the_instant_of_a_stamp(parsed, text, rank):
    assert revision(parsed, text) == rank


@pytest.mark.parametrize("text", ["", "1.5", "9223372036854775808", "second", "1970-13-01", "1e3"])
def test_a_revision_that_is_neither_is_quarantined(parsed, text):
    assert revision(parsed, text) == "unreadable_revision"


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("01/01/1970 00:00:01", 1_000_000), ("1/2/1970 00:00:00", 86_400_000_000),
        ("", "unreadable_revision"), ("1970-01-01", "unreadable_revision"), ("7", "unreadable_revision"),
    ],
)  # fmt: skip
def test_a_revision_is_the_later_the_later_its_stamp_by_the_pattern_of_the_source(parsed, text, rank):
    assert revision(parsed, text, revisions="%m/%d/%Y %H:%M:%S") == rank


def test_where_the_source_has_no_revisions_every_reading_is_of_revision_zero(parsed):
    assert parsed([{}], source())[0]["revision"] == 0


def test_attributes_land_as_text_of_their_own_and_are_empty_where_the_file_says_nothing(parsed):
    with_region = source(columns={"attributes": {"region": "zone", "tier": "class"}})
    readings = parsed([{"attribute_region": " eu "}, {"attribute_region": None, "attribute_tier": "x"}], with_region)
    assert [(each["attribute_region"], each["attribute_tier"]) for each in readings] == [("eu", ""), ("", "x")]


def test_without_a_column_of_values_every_reading_counts_one(parsed):
    events = Source.model_validate({"source": "s", "files": "*.csv", "columns": {"at": "t", "account": "a"}})
    (reading,) = parsed([{}], events)
    assert (reading["value"], reading["reason"]) == (1, None)


def test_a_point_is_one_number_for_an_account_and_subscription_whatever_brought_them(parsed):
    both = source(columns={"subscription": "s"})
    rows = [("A-1", "S-1"), ("A-1", "S-2"), ("A-2", "S-1"), ("A-1S", "-1"), ("A-1", "S-1")]
    points = [each["point"] for each in parsed([{"account": a, "subscription": s} for a, s in rows], both)]
    assert len(set(points)) == 4
    assert points[0] == points[4]


def test_the_point_of_an_account_never_changes_for_landed_files_hold_it(parsed):
    assert parsed([{"account": "A-1"}], source())[0]["point"] == -5357568735817876939
