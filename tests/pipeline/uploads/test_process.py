"""A usage file is loaded as a whole or not at all, once, whoever dies on the way."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from pipeline.store import locks
from pipeline.uploads.process import process_waiting
from pipeline.uploads.submit import UnknownImportError

MARCH_2 = {"QTY": "2.5", "STARTDATE": "03/02/2025", "DESCRIPTION": "second"}


def test_a_good_file_becomes_pending_usage_of_the_charge_that_counts_its_unit(desk, usage_file):
    found = desk.load(usage_file({}, MARCH_2))
    assert (found["status"], found["total_count"], found["imported_count"], found["control_total"]) == (
        "Completed", 2, 2, Decimal("3.5"),
    )  # fmt: skip
    columns = ("period", "subscription_number", "charge", "uom", "description", "status", "import_id")
    assert desk.rows("usage_records", *columns) == [
        ("2025-03", "S-1", "energy", "kwh", "", "Pending", found["import_id"]),
        ("2025-03", "S-1", "energy", "kwh", "second", "Pending", found["import_id"]),
    ]
    assert desk.usage() == [("C-1", None, "1"), ("C-1", None, "2.5")]


def test_an_alias_is_counted_in_the_charges_unit_by_its_exact_factor(desk, usage_file):
    desk.loaded(usage_file({"UOM": "wh", "QTY": "1500"}))
    assert desk.rows("usage_records", "uom", "quantity") == [("kwh", Decimal("1.5"))]


def test_a_date_alone_is_midnight_on_the_accounts_clock(desk, usage_file):
    desk.customer("A-3", time_zone="America/New_York")
    desk.loaded(usage_file({"ACCOUNT_ID": "A-3", "STARTDATE": "2025-03-01", "ENDDATE": "2025-04-01"}))
    ((start, end, period),) = desk.rows("usage_records", "start_at", "end_at", "period")
    # The clocks went forward on 9 March: five hours behind UTC before, four after.
    assert (start.isoformat(), end.isoformat(), period) == (
        "2025-03-01T05:00:00+00:00", "2025-04-01T04:00:00+00:00", "2025-03",
    )  # fmt: skip


def test_of_two_charges_of_one_unit_the_one_that_was_subscribed_to_then_takes_the_usage(desk, usage_file):
    desk.customer("A-5", "C-5")
    with (desk.inbox / "customers" / "subscribed_charges.csv").open("a") as file:
        file.write("C-55,S-5,A-5,credit,2026-01-01T00:00:00Z,,Active\n")
    desk.register()
    desk.loaded(usage_file({"ACCOUNT_ID": "A-5"}))
    assert desk.rows("usage_records", "charge_number") == ["C-5"]


def test_an_upload_that_cannot_be_read_now_keeps_no_other_back_and_waits(desk, usage_file):
    broken, other = desk.submit(usage_file({})), desk.submit(usage_file({"STARTDATE": "04/01/2025"}))
    kept = desk.home / "imports" / broken.import_id / "original.csv"
    kept.rename(kept.with_name("elsewhere"))
    kept.mkdir()  # the disk gives an error
    with pytest.raises(IsADirectoryError):
        process_waiting(desk.store, desk.catalog, desk.home)
    assert dict(desk.rows("imports", "import_id", "status")) == {
        broken.import_id: "Processing", other.import_id: "Completed",
    }  # fmt: skip
    kept.rmdir()
    kept.with_name("elsewhere").rename(kept)
    assert [each["status"] for each in process_waiting(desk.store, desk.catalog, desk.home)] == ["Completed"]


def test_an_upload_that_waits_too_long_for_a_lock_keeps_no_other_back(desk, usage_file):
    kept, other = desk.submit(usage_file({})), desk.submit(usage_file({"STARTDATE": "04/01/2025"}))
    impatient = sa.create_engine(desk.store.url, connect_args={"options": "-c lock_timeout=100"})
    with desk.store.begin() as alone:
        locks.exclusive(alone, "2025-03")
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            process_waiting(impatient, desk.catalog, desk.home)
    impatient.dispose()
    assert dict(desk.rows("imports", "import_id", "status")) == {
        kept.import_id: "Processing", other.import_id: "Completed",
    }  # fmt: skip
    assert [each["import_id"] for each in process_waiting(desk.store, desk.catalog, desk.home)] == [kept.import_id]


def test_the_status_and_the_event_stand_together(desk, usage_file):
    good, bad = desk.load(usage_file({})), desk.load(usage_file({"QTY": "x"}))
    assert desk.rows("events", "kind", "subject") == [
        ("import_failed", bad["import_id"]), ("import_succeeded", good["import_id"]),
    ]  # fmt: skip


def test_a_result_file_holds_the_outcome_of_every_row_and_nothing_a_spreadsheet_would_run(desk, usage_file):
    found = desk.load(usage_file({"ACCOUNT_ID": "=cmd"}, {}))
    first, second = desk.result(found)
    assert first["OUTCOME"] == "refused"
    assert "text_formula" in first["REMARKS"]
    assert second["OUTCOME"] == "not loaded"
    found = desk.load(usage_file({}))
    assert [each["RECORD_ID"] for each in desk.result(found)] == [
        str(each) for each in desk.rows("usage_records", "record_id")
    ]


def test_what_waits_is_taken_up_and_what_a_dead_worker_left_too(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    left = desk.submit(usage_file({"QTY": "2"}))
    with desk.store.begin() as connection:
        connection.exec_driver_sql("UPDATE imports SET status = 'Processing' WHERE import_id = %s", (left.import_id,))
    found = process_waiting(desk.store, desk.catalog, desk.home)
    assert [(each["import_id"], each["status"]) for each in found] == [
        (waiting.import_id, "Completed"), (left.import_id, "Completed"),
    ]  # fmt: skip
    assert process_waiting(desk.store, desk.catalog, desk.home) == []


def test_what_is_finished_stays_as_it_is(desk, usage_file):
    found = desk.load(usage_file({}))
    assert desk.process(found["import_id"]) == found


def test_an_import_that_nobody_submitted_is_unknown(desk):
    with pytest.raises(UnknownImportError, match="there is no import"):
        desk.process("0" * 32)


def test_an_upload_whose_bytes_are_gone_fails(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    (desk.home / "imports" / waiting.import_id / "original.csv").unlink()
    found = desk.process(waiting.import_id)
    assert (found["status"], found["validation"]["codes"]) == ("Failed", {"store_refused": 1})


def test_what_the_store_itself_refuses_fails_the_whole_file(desk, usage_file):
    with desk.store.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE usage_records ADD CHECK (quantity <> 13)")
    found = desk.load(usage_file({"QTY": "1"}, {"QTY": "13"}))
    assert (found["status"], found["validation"]["codes"]) == ("Failed", {"store_refused": 1})
    assert desk.usage() == []
