"""The same usage is loaded once; a correction takes its place; what was deleted can come back."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import hypothesis
import pytest
import sqlalchemy as sa
from at_once import at_once
from hypothesis import strategies as st
from packed import zipped

from pipeline.store import locks
from pipeline.uploads.process import process
from pipeline.uploads.refused import UploadRefusedError
from pipeline.uploads.rows import read_rows
from pipeline.usage.delete import Selection, delete
from transforms.upload.custom_field import CustomField, Kind
from transforms.upload.dates import Locale

TWO = ({"QTY": "1"}, {"QTY": "2.50", "DESCRIPTION": "a, b"})


def test_the_same_usage_under_another_name_order_line_end_locale_and_packing_exists(desk, usage_file):
    first = desk.submit(usage_file(*TWO))
    again = [
        desk.submit(usage_file(*TWO), "other.csv"),
        desk.submit(usage_file(*reversed(TWO))),
        desk.submit(usage_file(*TWO, end="\n")),
        desk.submit(b"\xef\xbb\xbf" + usage_file(*TWO, end="\r") + b"\r\r"),
        desk.submit(usage_file(*({**row, "STARTDATE": "01/03/2025"} for row in TWO)), locale="en_GB"),
        desk.submit(usage_file({"QTY": "01.0"}, {"QTY": "2.5", "DESCRIPTION": "a, b "})),
        desk.submit(zipped(("march.csv", usage_file(*TWO))), "usage.zip"),
        desk.submit(usage_file(*({**row, "UNIQUE_KEY": "", "REGION__C": " "} for row in TWO))),
    ]
    assert first.outcome == "accepted"
    assert [(each.outcome, each.import_id) for each in again] == [("exists", first.import_id)] * 8
    desk.process(first.import_id)
    assert desk.submit(usage_file(*TWO)).outcome == "exists"
    assert len(desk.usage()) == 2


def test_equal_rows_of_one_file_are_each_usage(desk, usage_file):
    desk.loaded(usage_file({}, {}))
    assert desk.usage() == [("C-1", None, "1")] * 2
    assert desk.submit(usage_file({})).outcome == "accepted"


def test_usage_that_truly_repeats_is_loaded_once_for_each_reason(desk, usage_file):
    first = desk.loaded(usage_file({}))
    second = desk.loaded(usage_file({}), repeat_reason="delivered twice")
    assert desk.submit(usage_file({}), repeat_reason="delivered twice").outcome == "exists"
    assert desk.rows("imports", "reason") == ["", "delivered twice"]
    assert desk.usage() == [("C-1", None, "1")] * 2
    assert first != second


def test_there_is_nothing_to_repeat_where_nothing_like_it_is_loaded(desk, usage_file):
    with pytest.raises(UploadRefusedError, match="nothing_to_repeat"):
        desk.submit(usage_file({}), repeat_reason="delivered twice")
    assert desk.listed() == []


def test_a_file_that_failed_can_be_submitted_again_once_what_it_lacked_is_there(desk, usage_file):
    content = usage_file({"ACCOUNT_ID": "A-3"})
    failed = desk.load(content)
    assert failed["status"] == "Failed"
    desk.customer("A-3")
    again = desk.loaded(content)
    assert desk.rows("imports", "import_id", "follows", "superseded_by") == sorted(
        [(failed["import_id"], None, again), (again, failed["import_id"], None)]
    )
    assert desk.usage() == [("C-3", None, "1")]


def test_a_record_of_the_same_unique_key_takes_the_place_of_the_pending_one(desk, usage_file):
    first = desk.loaded(usage_file({"UNIQUE_KEY": "k1", "QTY": "1"}, {"UNIQUE_KEY": "k2", "QTY": "2"}))
    second = desk.loaded(usage_file({"UNIQUE_KEY": "k1", "QTY": "7", "STARTDATE": "04/01/2025"}))
    assert desk.usage() == [("C-1", "k1", "7"), ("C-1", "k2", "2")]
    assert desk.rows(f"imports WHERE import_id IN ('{first}', '{second}')", "altered_count") == [0, 1]
    assert desk.rows("usage_records WHERE superseded_by IS NOT NULL", "superseded_by", "quantity") == [
        (second, Decimal(1))
    ]


def test_a_then_b_then_a_ends_at_a(desk, usage_file):
    a, b = (usage_file({"UNIQUE_KEY": "k", "QTY": quantity}) for quantity in ("1", "2"))
    found = [desk.loaded(each) for each in (a, b, a, b, a)]
    assert desk.usage() == [("C-1", "k", "1")]
    assert len(set(found)) == 5
    assert desk.submit(a).outcome == "exists"


def test_a_file_that_took_back_one_of_its_keys_stands_for_its_content_as_a_whole(desk, usage_file):
    both = usage_file({"UNIQUE_KEY": "k1", "QTY": "1"}, {"UNIQUE_KEY": "k2", "QTY": "2"})
    for each in (both, usage_file({"UNIQUE_KEY": "k1", "QTY": "7"}), both):
        desk.loaded(each)
    assert desk.usage() == [("C-1", "k1", "1"), ("C-1", "k2", "2")]
    assert desk.submit(both).outcome == "exists"


def test_usage_that_was_deleted_is_loaded_again_and_nothing_of_it_twice(desk, usage_file):
    content = usage_file({"QTY": "1"}, {"QTY": "2"}, {"QTY": "3"})
    first = desk.loaded(content)
    record = desk.rows("usage_records WHERE quantity = 2", "record_id")[0]
    delete(desk.store, Selection(record_ids=(record,)), by="ann", reason="wrong", dry_run=False)
    assert desk.usage() == [("C-1", None, "1"), ("C-1", None, "3")]
    second = desk.loaded(content)
    assert desk.usage() == [("C-1", None, "1"), ("C-1", None, "2"), ("C-1", None, "3")]
    assert set(desk.rows("usage_records WHERE superseded_by IS NULL", "import_id")) == {second}
    assert desk.rows(f"imports WHERE import_id = '{second}'", "follows") == [first]
    assert desk.submit(content).outcome == "exists"


def test_what_is_billed_of_a_file_is_not_loaded_again_with_the_rest_of_it(desk, usage_file):
    content = usage_file({"QTY": "1"}, {"QTY": "2", "STARTDATE": "04/01/2025"})
    desk.loaded(content)
    desk.bill_run()
    record = desk.rows("usage_records WHERE quantity = 2", "record_id")[0]
    delete(desk.store, Selection(record_ids=(record,)), by="ann", reason="wrong", dry_run=False)
    found = desk.load(content)
    assert (found["status"], found["imported_count"], found["total_count"]) == ("Completed", 1, 2)
    assert [each["OUTCOME"] for each in desk.result(found)] == ["billed before", "loaded"]
    assert desk.rows("usage_records", "quantity", "status") == [(1, "Processed"), (2, "Pending")]


def test_a_billed_record_cannot_be_updated_by_its_unique_key(desk, usage_file):
    desk.loaded(usage_file({"UNIQUE_KEY": "k"}))
    desk.bill_run()
    found = desk.load(usage_file({"UNIQUE_KEY": "k", "QTY": "2"}, {"UNIQUE_KEY": "new", "QTY": "x"}))
    assert found["validation"]["codes"] == {"record_billed": 1, "quantity_malformed": 1}
    assert desk.usage() == [("C-1", "k", "1")]


def test_of_four_identical_uploads_at_once_one_is_accepted_and_three_exist(desk, usage_file):
    found = at_once(*[lambda: desk.submit(usage_file({}))] * 4)
    assert sorted(each.outcome for each in found) == ["accepted", "exists", "exists", "exists"]
    assert len({each.import_id for each in found}) == 1


def test_four_workers_load_one_upload_once(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    catalog = desk.catalog
    at_once(*[lambda: process(desk.store, catalog, desk.home, waiting.import_id)] * 4)
    assert desk.process(waiting.import_id)["status"] == "Completed"
    assert desk.usage() == [("C-1", None, "1")]


def test_of_four_corrections_of_one_key_at_once_one_stays(desk, usage_file):
    waiting = [desk.submit(usage_file({"UNIQUE_KEY": "k", "QTY": str(number)})) for number in range(4)]
    catalog = desk.catalog
    found = at_once(
        *[lambda each=each: process(desk.store, catalog, desk.home, each.import_id)["status"] for each in waiting]
    )
    assert found == ["Completed"] * 4
    assert len(desk.usage()) == 1
    assert desk.rows("imports", "altered_count") == [0, 1, 1, 1]


def test_a_worker_that_dies_midway_leaves_nothing_and_another_takes_its_upload_up(desk, usage_file, monkeypatch):
    waiting = desk.submit(usage_file({}))
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.store.events.note", _die)
        with pytest.raises(KeyboardInterrupt):
            desk.process(waiting.import_id)
    assert (desk.rows("imports", "status"), desk.usage()) == (["Processing"], [])
    assert desk.process(waiting.import_id)["status"] == "Completed"
    assert desk.usage() == [("C-1", None, "1")]


def _die(*_):
    raise KeyboardInterrupt


def test_a_bill_run_of_the_period_waits_for_the_load(desk, usage_file):
    """Whoever loads holds the period beside others: who wants it alone has to wait."""
    waiting = desk.submit(usage_file({}))
    with desk.store.begin() as alone:
        locks.exclusive(alone, "2025-03")
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(desk.process, waiting.import_id)
            for _ in range(200):
                if alone.execute(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
                    break
            assert not loading.done()
            alone.commit()
            assert loading.result()["status"] == "Completed"


def test_what_the_catalog_declares_of_custom_fields_does_not_change_what_content_is(usage_file, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(usage_file({"SEATS__C": "3.0"}, {"SEATS__C": "x"}))
    plain = read_rows(path, {}, Locale.US)
    declared = read_rows(path, {"Seats__c": CustomField(kind=Kind.INTEGER)}, Locale.US)
    assert declared.content == plain.content
    assert [row.canonical for row in declared.rows] == [row.canonical for row in plain.rows]
    assert [row.custom_fields for row in declared.rows] == [{"Seats__c": "3"}, {"Seats__c": ""}]


CELLS = st.fixed_dictionaries(
    {
        "QTY": st.decimals(0, 9_999_999_999_999, places=9).map(lambda number: f"{number:f}"),
        "DESCRIPTION": st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
    }
)


@hypothesis.settings(
    max_examples=60, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(st.lists(CELLS, min_size=1, max_size=5), st.randoms(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_order_of_rows_and_columns_line_ends_and_compression_never_change_what_content_is(
    usage_file, tmp_path, rows, random, end
):
    columns = ["ACCOUNT_ID", "UOM", "QTY", "STARTDATE", "ENDDATE", "SUBSCRIPTION_ID", "CHARGE_ID", "DESCRIPTION"]
    path = tmp_path / "file"
    found = []
    for file in (
        usage_file(*rows),
        usage_file(*random.sample(rows, len(rows)), header=random.sample(columns, len(columns)), end=end),
        zipped(("usage.csv", usage_file(*reversed(rows), end=end))),
    ):
        path.write_bytes(file)
        found.append(read_rows(path, {}, Locale.US))
    assert len({each.content for each in found}) == 1
    assert [row.quantity for row in found[0].rows] == [Decimal(row["QTY"]) for row in rows]
