"""A raw row is followed to the record and the items that it ended in, or to where else it is."""

import pytest
from small_business import CHARGE, CHARGES

from pipeline.proof.trace import UnknownRowError, trace
from pipeline.readings.replay import replay
from pipeline.usage.delete import Selection, delete

LATE = "at,value\n2025-03-20T00:00:00Z,2\n"
MARCH_FILE = "power/A-1/march.csv"


def told(business, row, file=MARCH_FILE):
    return trace(business.store, business.catalog, "power", file, row, business.home)


def last(business, row, file=MARCH_FILE):
    return told(business, row, file)[-1].strip()


def bill(business, content, name=MARCH_FILE):
    business.bill(content, name)
    business.rate()


def test_a_row_that_is_billed_leads_to_its_record_and_its_item(business, march):
    bill(business, march)
    (file_id,) = business.rows("landed_files", "file_id")
    expected = [
        "row 2: 2 of A-1 at 2025-03-15T12:00:00+00:00",
        f"  landed as file {file_id}",
        "  meter energy, period 2025-03: used for charge C-1",
        "    usage record 1: 6.5 kwh, Processed",
        "      item 1: 1.63 EUR",
    ]
    assert told(business, 2) == expected
    assert told(business, 2, file_id) == expected


def test_a_late_row_leads_to_the_adjustment_and_an_earlier_one_to_both(business, march):
    bill(business, march)
    bill(business, LATE, "power/A-1/late.csv")
    assert told(business, 1, "power/A-1/late.csv")[2:] == [
        "  meter energy, period 2025-03: used for charge C-1",
        "    usage record 2: 2 kwh, Processed",
        "      item 2: 0.50 EUR",
    ]
    assert told(business, 1)[3:] == [
        "    usage record 1: 6.5 kwh, Processed",
        "      item 1: 1.63 EUR",
        "      item 2: 0.50 EUR",
        "    corrected by usage record 2: 2 kwh, Processed",
        "      item 2: 0.50 EUR",
    ]


def test_a_row_that_was_no_reading_is_quarantined_with_its_reason_and_its_text(business, march):
    bill(business, march + "2025-03-02T00:00:00Z,many\n")
    assert told(business, 4) == [
        f"row 4 of {MARCH_FILE} is quarantined since it landed: unreadable_value",
        "  it reads '2025-03-02T00:00:00Z, many'",
    ]


def test_a_file_that_is_quarantined_whole_says_why(business, march):
    bill(business, march)
    business.deliver("power/A-1/broken.csv", "time\n1\n")
    business.extract()
    (line,) = told(business, 1, "power/A-1/broken.csv")
    assert line.startswith("power/A-1/broken.csv is quarantined whole: ")


def test_a_repeat_a_filtered_row_and_one_of_an_unknown_account_are_told_by_the_words_of_the_ledger(business, march):
    source, meter = (business.catalog_folder / name for name in ("sources/power.yaml", "meters/energy.yaml"))
    source.write_text(source.read_text().replace("duplicates: keep", "duplicates: exact"))
    meter.write_text(meter.read_text().replace("function: sum", "function: sum, filter: {maximum: 3}"))
    business.deliver("power/A-9/march.csv", march)
    bill(business, march + "2025-03-01T00:00:00Z,1\n")
    where = "meter energy, period 2025-03: "
    assert sorted({last(business, 1), last(business, 4)}) == ["item 1: 0.75 EUR", f"{where}duplicate, same_content"]
    assert last(business, 3) == f"{where}out_of_scope, filtered"
    assert last(business, 1, "power/A-9/march.csv") == f"{where}quarantined, unknown_account"


def test_a_row_of_a_period_that_nobody_has_loaded_is_in_no_ledger(business, march):
    bill(business, march + "2025-04-01T00:00:00Z,9\n")
    assert last(business, 4) == "in no ledger: no meter has loaded a period that holds it"


def test_a_row_that_landed_after_the_load_waits_for_the_next_run(business, march):
    bill(business, march)
    business.deliver("power/A-1/late.csv", LATE)
    business.extract()
    expected = "meter energy, period 2025-03: it landed after the period was loaded; the meter's next run takes it in"
    assert last(business, 1, "power/A-1/late.csv") == expected


def test_a_row_of_who_was_registered_after_the_load_waits_for_the_next_run(business, march):
    business.deliver("power/A-9/march.csv", march)
    bill(business, march)
    business.customer("A-9")
    expected = (
        "meter energy, period 2025-03: it had no charge when the period was loaded; the meter's next run takes it in, "
        "unless what is billed may not be adjusted"
    )
    assert last(business, 1, "power/A-9/march.csv") == expected
    business.run()
    assert last(business, 1, "power/A-9/march.csv") == "usage record 2: 6.5 kwh, Pending"


def test_a_row_that_another_charge_has_since_the_load_waits_for_the_next_run(business, march):
    bill(business, march)
    billed = last(business, 1)
    ended = CHARGES.replace(",,Active", ",2025-03-31T00:00:00Z,Active")
    business.declare("charges/energy.yaml", CHARGE + "negative_usage: allow\n")
    business.deliver("customers/subscribed_charges.csv", ended + "C-2,S-1,A-1,energy,2025-03-31T00:00:00Z,,Active\n")
    business.register()
    assert last(business, 3).startswith("meter energy, period 2025-03: a subscription was changed since the period was")
    assert last(business, 1) == billed
    business.run()
    assert last(business, 3) == "usage record 2: 3.5 kwh, Pending"


def test_a_late_row_that_may_not_adjust_what_is_billed_is_late(business, march):
    bill(business, march)
    meter = business.catalog_folder / "meters" / "energy.yaml"
    meter.write_text(meter.read_text() + "billed_usage: refuse\n")
    assert business.bill(LATE, "power/A-1/late.csv").outcome == "late"
    assert last(business, 1, "power/A-1/late.csv").startswith("late: what is billed may not be adjusted")


def test_a_row_whose_record_was_deleted_says_by_whom_and_why(business, march):
    business.bill(march)
    delete(business.store, Selection((1,)), by="ann", reason="a test account", dry_run=False)
    assert last(business, 1) == "its record was deleted by ann: a test account"


def test_a_row_whose_file_was_read_again_under_other_rules_says_so_first(business, march):
    bill(business, march + "2025-03-02T00:00:00Z,1 000\n")
    (before,) = business.rows("landed_files", "file_id")
    source = business.catalog_folder / "sources" / "power.yaml"
    source.write_text(source.read_text() + "value: {thousands_mark: ' '}\n")
    replay(business.store, business.catalog.source("power"), business.home, file_id=before)
    (replaced_by,) = business.rows("landed_files WHERE replaced_by IS NOT NULL", "replaced_by")
    found = told(business, 1, before)
    assert found[0] == f"{before} was read again under other rules, and stands now as file {replaced_by}"
    assert found[-1] == "      item 1: 1.63 EUR"
    assert last(business, 4, before) == "it reads '2025-03-02T00:00:00Z, 1 000'"
    assert last(business, 4).startswith("meter energy, period 2025-03: it landed after the period was loaded")


@pytest.mark.parametrize(("file", "row", "message"), [
    ("power/A-1/none.csv", 1, "source power has no file 'power/A-1/none.csv'"),
    (MARCH_FILE, 9, "has no row 9; row 1 is the first data row"),
])  # fmt: skip
def test_a_file_or_row_that_is_not_there_is_said_plainly(business, march, file, row, message):
    bill(business, march)
    with pytest.raises(UnknownRowError, match=message):
        told(business, row, file)
