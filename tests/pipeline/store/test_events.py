"""The outbox: who is still to be told what, and when it is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipeline.store import events, tables

AT = datetime(2025, 4, 1, 12, tzinfo=UTC)
FIRST = timedelta(minutes=5)


@pytest.fixture
def outbox(store):
    """Three imports, told to nobody yet; events happen a minute before AT."""
    note(store, "1a", "2b", "3c")
    return store


def note(store, *subjects, created_at=AT - timedelta(minutes=1)):
    with store.begin() as connection:
        for subject in subjects:
            events.note(connection, "import_succeeded", subject, {"records": 3})
        new = sa.update(tables.events).where(tables.events.c.subject.in_(subjects))
        connection.execute(new.values(created_at=created_at))


def enrol(store, channel="email", at=AT):
    with store.begin() as connection:
        events.enrol(connection, channel, at)


def due(connection, channel="email", at=AT):
    found = events.next_waiting(connection, channel, at)
    return found.subject if found else None


def attempt(store, *, fails=False, channel="email", at=AT):
    """Take the next that is due, as a deliverer does; gives its subject."""
    with store.begin() as connection:
        found = events.next_waiting(connection, channel, at)
        if found is None:
            return None
        if fails:
            events.failed(connection, found.event_id, channel, at, "no such host")
        else:
            events.delivered(connection, found.event_id, channel, at, "")
        return found.subject


def undelivered(store, channel="email"):
    with store.begin() as connection:
        return events.undelivered(connection, channel)


def test_the_same_kind_of_the_same_subject_is_noted_once(outbox):
    note(outbox, "1a")
    with outbox.begin() as connection:
        events.note(connection, "import_failed", "1a", {})
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.events)).scalar_one() == 4


def test_what_is_noted_in_a_transaction_that_fails_is_not_noted(store):
    def fail():
        with store.begin() as connection:
            events.note(connection, "import_succeeded", "1a", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    enrol(store)
    assert attempt(store) is None


def test_every_event_is_due_once_on_each_channel_in_its_order(outbox):
    enrol(outbox)
    enrol(outbox, "slack")
    assert [attempt(outbox) for _ in range(4)] == ["1a", "2b", "3c", None]
    assert [attempt(outbox, channel="slack") for _ in range(4)] == ["1a", "2b", "3c", None]
    assert undelivered(outbox) == (0, 0)


def test_what_one_deliverer_holds_another_passes_over(outbox):
    enrol(outbox)
    with outbox.begin() as one, outbox.begin() as other:
        assert (due(one), due(other)) == ("1a", "2b")
    with outbox.begin() as later:
        assert due(later) == "1a"


def test_a_failure_waits_twice_as_long_each_time_and_lets_the_next_pass(outbox):
    enrol(outbox)
    assert attempt(outbox, fails=True) == "1a"
    assert [attempt(outbox) for _ in range(3)] == ["2b", "3c", None]
    at = AT
    for pause in (FIRST, 2 * FIRST, 4 * FIRST):
        assert attempt(outbox, at=at + pause - timedelta(microseconds=1)) is None
        at += pause
        assert attempt(outbox, fails=True, at=at) == "1a"
    assert undelivered(outbox) == (1, 0)


def test_after_ten_attempts_it_is_given_up_and_can_be_begun_again(store):
    note(store, "1a")
    enrol(store)
    at = AT
    for _ in range(10):
        assert attempt(store, fails=True, at=at) == "1a"
        at += timedelta(days=2)
    assert attempt(store, at=at) is None
    assert undelivered(store) == (0, 1)
    with store.begin() as connection:
        assert events.begin_again(connection) == 1
    assert attempt(store, at=at) == "1a"
    assert undelivered(store) == (0, 0)


def test_a_channel_that_begins_is_told_the_news_of_a_day_and_not_the_past(store):
    note(store, "old", created_at=AT - timedelta(days=1, microseconds=1))
    note(store, "new", created_at=AT - timedelta(days=1))
    enrol(store)
    assert [attempt(store), attempt(store)] == ["new", None]
    assert undelivered(store) == (0, 0)
    with store.begin() as connection:
        assert events.begin_again(connection) == 0


def test_a_channel_that_has_begun_is_told_everything_however_long_nobody_delivered(outbox):
    enrol(outbox)
    note(outbox, "4d", created_at=AT + timedelta(days=1))
    enrol(outbox, at=AT + timedelta(days=30))
    assert [attempt(outbox, at=AT + timedelta(days=30)) for _ in range(5)] == ["1a", "2b", "3c", "4d", None]


def test_a_message_has_the_id_of_what_happened_and_when(outbox):
    enrol(outbox)
    with outbox.begin() as connection:
        first = events.next_waiting(connection, "email", AT)
        assert (first.kind, first.details, len(first.message_id)) == ("import_succeeded", {"records": 3}, 32)
        assert events.next_waiting(connection, "email", AT).message_id == first.message_id
