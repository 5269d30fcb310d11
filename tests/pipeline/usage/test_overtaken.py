"""Of two runs of one period, that which was derived first may be loaded last: approved late, or cleared."""

import pytest

from pipeline.usage.overtaken import OvertakenError

MORE = "at,value\n2025-03-20T00:00:00Z,10\n"


@pytest.fixture
def overtaken(business, march):
    """March as it was derived first, and not loaded; in the store is what a later file makes of it."""
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    first = business.prepare()
    business.bill(MORE, "power/A-1/more.csv")
    return first


def test_usage_that_lacks_what_has_landed_since_takes_nothing_away_from_what_was_loaded_of_it(business, overtaken):
    business.refuses(OvertakenError, "before 1 files landed .* clear the run's tasks from derive on", *overtaken)
    assert business.quantities() == [("C-1", "2025-03", 16.5, 4)]


def test_nor_does_it_adjust_what_is_billed_whatever_the_reason_of_its_run(business, overtaken):
    business.rate()
    before = business.contents()
    with pytest.raises(OvertakenError):
        business.load(*overtaken, reason="do March again")
    assert business.contents() == before


def test_usage_without_a_file_that_was_taken_back_is_loaded(business, overtaken):
    with business.store.begin() as connection:
        connection.exec_driver_sql("UPDATE landed_files SET replaced_by = file_id WHERE readings = 1")
    assert business.load(*overtaken).outcome == "created"
    assert business.quantities() == [("C-1", "2025-03", 6.5, 3)]
