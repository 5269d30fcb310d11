"""The upkeep: what stands out is noted once, and told."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from receivers import hook

from pipeline import upkeep
from pipeline.notify.channel import Address, ChannelError
from transforms.errors import MeterbridgeError

UNREADABLE = "at,value\n2025-03-01T00:00:00Z,1\n" + "never,1\n" * 19  # 19 of 20 rows: 0.95, and the limit is 0.9
TOO_LARGE = "at,value\n2025-03-01T00:00:00Z,100000000000000\n"  # 15 digits: more than a record may have


@pytest.fixture
def at():
    """Today: what landed a moment ago is news."""
    return datetime.now(UTC)


def note(business, at):
    return upkeep.note_what_stands_out(business.store, business.catalog, at=at)


def noted(business, *columns):
    return business.rows("events WHERE kind <> 'import_succeeded'", *columns)


def test_where_all_is_well_nothing_is_noted(business, march, at):
    business.bill(march)
    business.rate()
    assert note(business, at) == 0
    assert noted(business, "kind") == []


def test_a_day_on_which_too_much_of_a_source_was_unreadable_is_noted_once(business, at):
    business.deliver("power/A-1/march.csv", UNREADABLE)
    business.extract()
    assert [note(business, at), note(business, at)] == [1, 1]
    ((kind, subject, reason),) = noted(business, "kind", "subject", "details ->> 'reason'")
    (day,) = business.rows("landed_files", "to_char(landed_at, 'YYYY-MM-DD')")
    assert (kind, subject) == ("quarantine", f"source power, arrived {day}")
    assert reason == "19 of 20 rows are quarantined; the limit is 0.9 of them"


def test_a_file_that_is_quarantined_whole_is_noted(business, at):
    business.deliver("power/A-1/march.csv", b"\x00\xff" * 50)
    business.extract()
    note(business, at)
    assert noted(business, "details ->> 'reason'") == ["1 files are quarantined whole"]


def test_a_record_that_the_validation_set_aside_is_noted(business, at):
    business.bill(TOO_LARGE)
    note(business, at)
    ((subject, reason),) = noted(business, "subject", "details ->> 'reason'")
    assert subject == "meter energy, period 2025-03, import none"
    assert reason == "records with 1 readings were set aside by the validation: their charges are not billed"


def test_what_was_quarantined_long_ago_is_no_news(business, at):
    business.deliver("power/A-1/march.csv", UNREADABLE)
    business.extract()
    assert note(business, at + timedelta(days=8)) == 0


def test_usage_that_stays_pending_is_noted_by_period_and_again_when_more_does(business, march, at):
    business.bill(march)
    assert [note(business, at), note(business, at)] == [1, 1]
    ((kind, subject, quantity),) = noted(business, "kind", "subject", "details ->> 'quantity'")
    (record,) = business.rows("usage_records", "record_id")
    assert (kind, subject, quantity) == ("stuck_pending", f"period 2025-03, up to record {record}", "6.5 kwh")
    business.bill(march + "2025-03-31T23:59:58Z,1\n", "power/A-1/more.csv")
    note(business, at)
    assert len(noted(business, "subject")) == 2


def test_one_wrong_connection_is_an_error_and_keeps_nothing_from_the_other_channels(business, march, at):
    business.bill(march)
    addresses = {"slack": Address("nowhere/s3cret")}
    with hook() as receiver:
        addresses["webhook"] = Address(receiver.url(), "wh-s3cret")
        with pytest.raises(ChannelError, match="the connection for slack") as raised:
            upkeep.tell(business.store, at=at, find=addresses.get)
        assert len(receiver.taken) == 1
        del addresses["slack"]
        counts = upkeep.tell(business.store, at=at, find=addresses.get)
    assert counts == {"webhook": "0 delivered, 0 failed, 0 waiting, 0 given up"}
    assert "s3cret" not in str(raised.value)


PLACE = {"dag_id": "usage_energy", "run_id": "r1", "task_id": "load", "map_index": 0, "try_number": 4}


def test_a_failed_task_is_noted_once_for_each_attempt(business):
    for number in (4, 4, 8):
        upkeep.note_task(business.store, "import_failed", PLACE | {"try_number": number}, "the ledger does not add up")
    assert (
        noted(business, "kind", "details ->> 'name'", "details ->> 'reason'")
        == [("import_failed", "usage_energy, task load", "the ledger does not add up")] * 2
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MeterbridgeError("row 3: QTY\nrow 4: UOM"), "row 3: QTY\nrow 4: UOM"),
        (ValueError("Traceback\nof many lines"), "ValueError: of many lines"),
        ("Task timed out", "Task timed out"),
        (None, "no reason was given"),
        (ValueError(), "ValueError: no reason was given"),
        (MeterbridgeError("x" * 3000), "x" * 2000),
    ],
)
def test_our_own_errors_are_told_whole_and_others_by_their_last_line(error, expected):
    assert upkeep.shown(error) == expected


def test_a_reason_shows_nothing_that_the_environment_keeps_secret(monkeypatch, tmp_path):
    (tmp_path / "token").write_text("t0ken-s3cret\n")
    monkeypatch.setenv("METERBRIDGE_STORE_URL", "postgresql://ada:st%40re-s3cret@db/usage")
    monkeypatch.setenv("METERBRIDGE_CONNECTION_METRICS_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("METERBRIDGE_CONNECTION_NOTIFY_SLACK", "https://hooks.example.com/services/T0/s3cret")
    told = ValueError("st@re-s3cret, st%40re-s3cret, t0ken-s3cret, /services/T0/s3cret of db")
    assert upkeep.shown(told) == "ValueError: ***, ***, ***, /*** of db"


def test_what_later_files_replaced_is_dropped_once_nobody_asked_for_it_for_a_day(business, tmp_path, at):
    folder = tmp_path / "partials" / "power" / "0123456789abcdef"
    folder.mkdir(parents=True)
    asked = {"100-first": 60, "100-second": 30, "101-alone": 60, "102-first": 23, "102-second": 1}
    for name, hours in asked.items():
        path = folder / f"{name}.parquet"
        path.touch()
        os.utime(path, ((at - timedelta(hours=hours)).timestamp(),) * 2)
    assert upkeep.drop_what_is_old(business.store, tmp_path, at=at) == 1
    assert sorted(path.stem for path in folder.iterdir()) == ["100-second", "101-alone", "102-first", "102-second"]
