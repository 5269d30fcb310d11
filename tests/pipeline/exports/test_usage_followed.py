"""Who follows usage from export to export is told every change once: none is lost between two, however slow it was."""

import csv
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from uploaded_usage import uploaded

from pipeline.exports.usage_export import export_usage
from pipeline.store import following
from pipeline.store.engine import connect
from pipeline.store.following import UsageFilter
from pipeline.usage.delete import Selection, delete


def _export(business, since=None):
    return export_usage(business.store, business.home, UsageFilter(), "csv", since=since)


def _rows(exported):
    with exported.path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _told(exported):
    return [(int(row["record_id"]), row["status"]) for row in _rows(exported)]


def _age(business):
    """Let all usage be an hour old."""
    with business.store.begin() as connection:
        connection.exec_driver_sql("UPDATE usage_records SET updated_at = now() - interval '1 hour'")


def test_a_follower_is_told_what_was_changed_superseded_and_deleted_since(business, march):
    business.bill(march)
    _, (kept, deleted) = uploaded(business.store, {"quantity": Decimal(2)}, {"quantity": Decimal(3)})
    (derived,) = business.rows("usage_records WHERE readings = 3", "record_id")
    _age(business)
    first = _export(business)
    assert _told(first) == [(derived, "Pending"), (kept, "Pending"), (deleted, "Pending")]
    assert _told(_export(business, first.watermark)) == []
    delete(business.store, Selection(record_ids=[deleted]), by="ann", reason="sent twice", dry_run=False)
    business.count_in("2")
    business.run()
    (new,) = business.rows("usage_records WHERE superseded_by IS NULL AND readings = 3", "record_id")
    second = _export(business, first.watermark)
    assert _told(second) == [(derived, "Superseded"), (deleted, "Deleted"), (new, "Pending")]
    assert [row["quantity"] for row in _rows(second)] == ["6.500000000", "3.000000000", "13.000000000"]
    assert _told(_export(business)) == [(kept, "Pending"), (new, "Pending")]


def test_a_bill_run_is_a_change_that_a_follower_is_told(business, march):
    business.bill(march)
    _age(business)
    first = _export(business)
    business.rate()
    assert [status for _, status in _told(_export(business, first.watermark))] == ["Processed"]


def test_a_record_of_a_slow_transaction_that_commits_after_an_export_is_in_the_next(business, monkeypatch):
    monkeypatch.setattr(following, "MARGIN", sa.text("interval '0'"))  # the rule alone is to hold, without any slack
    begun, exported = threading.Event(), threading.Event()

    def slow():
        with business.store.begin() as connection:
            connection.exec_driver_sql("SELECT now()")  # its instant is taken here, long before it writes
            begun.set()
            exported.wait(20)
            batch, _ = uploaded(_Within(connection), {"quantity": Decimal(5)}, file_name="slow.csv")
            return batch

    thread_result = []
    thread = threading.Thread(target=lambda: thread_result.append(slow()))
    thread.start()
    begun.wait(20)
    _, (quick,) = uploaded(business.store, {}, file_name="quick.csv")  # begins later, commits first
    threading.Event().wait(0.2)
    first = _export(business)
    after = datetime.now(UTC)
    exported.set()
    thread.join()
    (late,) = business.rows("usage_records WHERE quantity = 5", "record_id")
    (updated,) = business.rows(f"usage_records WHERE record_id = {late}", "updated_at")
    assert _told(first) == [(quick, "Pending")]
    assert updated < after, "the record bears an instant before the export that could not see it"
    assert first.watermark <= updated
    assert (late, "Pending") in _told(_export(business, first.watermark))


def test_where_a_running_transaction_is_hidden_a_follower_reads_all_again(business):
    name = business.store.url.database
    with business.store.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE reader_{name} LOGIN")
        connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO reader_{name}")
    uploaded(business.store, {})
    reader = connect(business.store.url.set(username=f"reader_{name}").render_as_string(hide_password=False))
    try:
        alone = export_usage(reader, business.home, UsageFilter(), "csv")
        with business.store.begin() as other:
            other.exec_driver_sql("SELECT now()")
            beside = export_usage(reader, business.home, UsageFilter(), "csv")
    finally:
        reader.dispose()
        with business.store.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY reader_{name}")
            connection.exec_driver_sql(f"DROP ROLE reader_{name}")
    assert beside.watermark == datetime(1970, 1, 1, tzinfo=UTC)
    assert datetime.now(UTC) - alone.watermark < timedelta(minutes=1)


class _Within:
    """A store whose every transaction is part of one that is open."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def begin(self):
        return self

    def __enter__(self):
        return self._connection

    def __exit__(self, *_error):
        return None
