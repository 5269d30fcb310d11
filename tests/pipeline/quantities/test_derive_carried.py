"""What a derivation takes along from before its period, and what it leaves out of it."""

from decimal import Decimal

import pytest

METER = "meter: energy\nowner: a\nsource: power\nderive: {{{}}}\nmap: {{charge: energy, unit: kwh}}\n"
LONG_AGO = "at,value\n2024-11-05T00:00:00Z,100\n"
MARCH = "at,value\n2025-03-02T00:00:00Z,130\n2025-03-20T00:00:00Z,5\n"


@pytest.fixture
def metered(business):
    def run(derivation, *texts):
        business.declare("meters/energy.yaml", METER.format(derivation))
        for number, text in enumerate(texts):
            business.deliver(f"power/A-1/{number}.csv", text)
        business.extract()
        business.run()
        return business.quantities()

    return run


def test_a_counter_goes_on_from_its_last_reading_however_long_ago_that_was(metered):
    assert metered("function: increase", LONG_AGO, MARCH) == [("C-1", "2025-03", Decimal(35), 2)]


def test_a_time_weighted_sum_holds_on_from_its_last_reading_however_long_ago_that_was(metered):
    # 100 for 24 hours, 130 for 18 days, 5 for 12 days.
    expected = Decimal(100 * 24 + 130 * 18 * 24 + 5 * 12 * 24)
    assert metered("function: time_weighted_sum", LONG_AGO, MARCH) == [("C-1", "2025-03", expected, 2)]


def test_what_a_filter_leaves_out_stands_in_the_ledger(business, metered):
    assert metered("function: sum, filter: {maximum: 100}", MARCH) == [("C-1", "2025-03", Decimal(5), 1)]
    assert business.rows("ledger_lines", "place", "reason", "rows") == [("out_of_scope", "filtered", 1)]


def test_time_in_which_no_reading_holds_is_reported_and_not_filled(business, metered):
    metered("function: time_weighted_average, gap_seconds_max: 86400", MARCH)  # each holds for a day, of 31
    assert business.run().warnings == (f"charge C-1: no reading holds for {29 * 86400} seconds of the period",)


def test_where_every_second_is_held_nothing_is_reported(business, metered):
    metered("function: time_weighted_average", LONG_AGO, MARCH)
    assert business.run().warnings == ()
