from decimal import Decimal

import pytest

from transforms.quarantine import Arrived, Counted, of_meter, of_source, too_much

LIMIT = Decimal("0.05")


def arrived(rows, quarantined, refused_files=0):
    return Arrived("power", "2025-04-01", rows, quarantined, refused_files)


def counted(landed, quarantined, set_aside=0):
    return Counted("energy", "2025-03", "1a", landed, quarantined, set_aside)


@pytest.mark.parametrize(
    ("part", "whole", "limit", "expected"),
    [
        (5, 100, "0.05", False),
        (6, 100, "0.05", True),
        (1, 3, "0.3333333333333333333333333333", True),
        (0, 0, "0", False),
        (1, 10**18, "0", True),
        (10, 10, "1", False),
    ],
)
def test_a_share_is_compared_exactly_and_the_limit_itself_is_within_it(part, whole, limit, expected):
    assert too_much(part, whole, Decimal(limit)) is expected


def test_a_sources_day_is_told_above_its_limit_with_the_figures():
    assert of_source(arrived(100, 5), LIMIT) is None
    assert of_source(arrived(100, 6), LIMIT) == "6 of 100 rows are quarantined; the limit is 0.05 of them"


def test_a_file_that_is_quarantined_whole_is_told_whatever_the_limit():
    assert of_source(arrived(0, 0, refused_files=2), Decimal(1)) == "2 files are quarantined whole"


def test_a_meters_period_is_told_above_its_sources_limit():
    assert of_meter(counted(100, 5), LIMIT) is None
    assert of_meter(counted(100, 6), LIMIT) == "6 of 100 readings are quarantined; the limit is 0.05 of them"


def test_a_record_that_a_validation_set_aside_is_told_whatever_the_limit():
    assert of_meter(counted(10_000, 1, set_aside=1), Decimal(1)) == (
        "records with 1 readings were set aside by the validation: their charges are not billed"
    )
