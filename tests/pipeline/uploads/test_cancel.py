"""An upload that waits can be taken back; of the one who cancels and the one who loads, the first has it alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from at_once import at_once

from pipeline.store import imports
from pipeline.uploads.cancel import CancelRefusedError, NotPendingError, cancel
from pipeline.uploads.process import process_waiting
from pipeline.uploads.submit import UnknownImportError

TRIES = 12


def cancelled(desk, import_id):
    """Cancel; tells whether that was done."""
    try:
        cancel(desk.store, import_id, by="bob", reason="a race")
    except NotPendingError:
        return False
    return True


def test_what_is_canceled_is_never_loaded_and_who_did_it_and_why_is_kept(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    cancel(desk.store, waiting.import_id, by="bob", reason=" the wrong month ")
    assert process_waiting(desk.store, desk.catalog, desk.home) == []
    assert desk.process(waiting.import_id)["status"] == "Canceled"
    assert desk.rows("imports", "status", "status_reason", "created_by", "updated_by") == [
        ("Canceled", "cancelled by bob: the wrong month", "ann", "bob")
    ]
    assert (desk.usage(), desk.rows("events", "kind")) == ([], [])


def test_the_same_file_can_be_sent_again_after_it_was_canceled(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    cancel(desk.store, waiting.import_id, by="bob", reason="too early")
    again = desk.submit(usage_file({}))
    assert again.outcome == "accepted"
    assert again.import_id != waiting.import_id
    assert desk.process(again.import_id)["status"] == "Completed"
    assert desk.usage() == [("C-1", None, "1")]


def test_a_correction_that_is_canceled_leaves_what_was_loaded_as_it_was(desk, usage_file):
    desk.loaded(usage_file({"UNIQUE_KEY": "k", "QTY": "1"}))
    correction = desk.submit(usage_file({"UNIQUE_KEY": "k", "QTY": "2"}))
    cancel(desk.store, correction.import_id, by="bob", reason="it was right")
    assert desk.process(correction.import_id)["status"] == "Canceled"
    assert desk.usage() == [("C-1", "k", "1")]


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("Processing", "; see what becomes of it: what it loads can be deleted"),
        ("Completed", "; delete its usage instead"),
        ("Failed", "; nothing of it was loaded"),
        ("Canceled", ""),
    ],
)
def test_only_what_is_pending_can_be_canceled_and_else_it_is_said_how_it_stands(desk, usage_file, status, advice):
    waiting = desk.submit(usage_file({}))
    with desk.store.begin() as connection:
        imports.finish(connection, waiting.import_id, {"status": status})
    before = desk.rows("imports", "status", "status_reason", "updated_by", "updated_at")
    with pytest.raises(NotPendingError, match=f"is {status}: only one that is still Pending can be cancelled{advice}$"):
        cancel(desk.store, waiting.import_id, by="bob", reason="too late")
    assert desk.rows("imports", "status", "status_reason", "updated_by", "updated_at") == before


def test_an_import_that_is_not_there_cannot_be_canceled(desk):
    with pytest.raises(UnknownImportError, match=f"there is no import {'0' * 32}: `meterbridge imports` lists"):
        cancel(desk.store, "0" * 32, by="bob", reason="a slip")


def test_a_cancellation_says_why(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    with pytest.raises(CancelRefusedError, match="say why"):
        cancel(desk.store, waiting.import_id, by="bob", reason=" ")
    assert desk.rows("imports", "status") == ["Pending"]


def test_a_reason_of_any_length_fits_into_the_status(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    cancel(desk.store, waiting.import_id, by="bob", reason="why " * 1000)
    assert [len(told) for told in desk.rows("imports", "status_reason")] == [2000]


def test_who_cancels_before_the_processing_begins_has_it_alone(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    with ThreadPoolExecutor(1) as pool:
        with desk.store.begin() as connection:
            assert imports.cancel(connection, waiting.import_id, "bob", "first")
            processed = pool.submit(desk.process, waiting.import_id)
            with pytest.raises(TimeoutError):
                processed.result(timeout=0.2)  # it waits for what becomes of the cancellation
        assert processed.result(timeout=30)["status"] == "Canceled"
    assert desk.usage() == []


def test_who_begins_to_process_before_it_is_canceled_has_it_alone(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    with ThreadPoolExecutor(1) as pool:
        with desk.store.begin() as connection:
            imports.start(connection, waiting.import_id)
            late = pool.submit(cancelled, desk, waiting.import_id)
            with pytest.raises(TimeoutError):
                late.result(timeout=0.2)
        assert late.result(timeout=30) is False
    assert desk.process(waiting.import_id)["status"] == "Completed"


def test_of_a_cancellation_and_the_processing_at_once_one_wins(desk, usage_file):
    for number in range(1, TRIES + 1):
        waiting = desk.submit(usage_file({"QTY": str(number)})).import_id
        done, found, another = at_once(
            lambda id_=waiting: cancelled(desk, id_),
            lambda id_=waiting: desk.process(id_),
            lambda id_=waiting: cancelled(desk, id_),
        )
        assert not (done and another)
        assert found["status"] == ("Canceled" if done or another else "Completed")
        loaded = desk.rows(f"usage_records WHERE import_id = '{waiting}'", "quantity")
        assert loaded == ([] if done or another else [number])
