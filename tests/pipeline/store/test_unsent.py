"""Which periods are to be sent again: those whose usage changed, or of which a file has no good end."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from uploaded_usage import uploaded

from pipeline import periods
from pipeline.store import sending, unsent
from pipeline.targets.parts import Limits
from pipeline.targets.plan import plan
from pipeline.usage.delete import Selection, delete
from transforms.period import Period

TARGET = "https://billing.example"
MARCH = Period.parse("2025-03")
MAY = datetime(2025, 5, 20, tzinfo=UTC)  # no period ends then


def _again(store, target=TARGET):
    with store.begin() as connection:
        return [str(period) for period in unsent.periods_again(connection, target)]


def _plan(business):
    plan(business.store, business.catalog, TARGET, MARCH, Limits(rows_max=1))


def _files(store):
    with store.begin() as connection:
        return sending.files(connection, TARGET, MARCH)


def _end(store, *states):
    with store.begin() as connection:
        for file, state in zip(_files(store), states, strict=True):
            sending.sent(connection, file.file_id, "0" * 32)
            if state == "confirmed":
                sending.confirm(connection, file.file_id)
            if state == "failed":
                sending.fail(connection, file.file_id, "it was wrong", loaded=False)


def _age(store):
    """Let all usage be an hour old."""
    with store.begin() as connection:
        connection.execute(sa.text("UPDATE usage_records SET updated_at = updated_at - interval '1 hour'"))


@pytest.fixture
def numbers(business):
    """Two records of March, of which nothing was sent."""
    _, numbers = uploaded(business.store, {"unique_key": "a"}, {"unique_key": "b"})
    return numbers


@pytest.mark.usefixtures("numbers")
def test_a_period_that_was_never_sent_is_none_to_be_sent_again(business):
    assert _again(business.store) == []


@pytest.mark.parametrize(
    ("states", "found"),
    [(("confirmed", "confirmed"), []), (("confirmed", "sent"), ["2025-03"]), (("failed", "confirmed"), ["2025-03"])],
)
@pytest.mark.usefixtures("numbers")
def test_a_period_is_open_until_all_of_its_files_came_to_a_good_end(business, states, found):
    _plan(business)
    _end(business.store, *states)
    _age(business.store)
    assert _again(business.store) == found
    assert _again(business.store, "https://another.example") == []


def test_what_is_added_or_deleted_afterwards_makes_a_period_one_to_be_sent_again(business, numbers):
    _plan(business)
    _end(business.store, "confirmed", "confirmed")
    _age(business.store)
    uploaded(business.store, {"unique_key": "c"}, file_name="late.csv")
    assert _again(business.store) == ["2025-03"]
    _age(business.store)
    assert _again(business.store) == []
    delete(business.store, Selection(numbers[:1]), by="ann", reason="sent twice", dry_run=False)
    assert _again(business.store) == ["2025-03"]


@pytest.mark.usefixtures("numbers")
def test_a_sending_handles_what_ended_in_its_interval_and_what_changed_but_no_period_that_still_runs(business):
    _plan(business)
    march_ends = datetime(2025, 4, 1, 12, tzinfo=UTC)
    days = timedelta(days=1)

    def handled(until):
        return list(map(str, periods.to_send(business.store, business.catalog, TARGET, until - days, until)))

    assert handled(march_ends) == ["2025-03"]
    assert handled(MAY) == ["2025-03"]
    assert handled(march_ends - 5 * days) == []
    _end(business.store, "confirmed", "confirmed")
    _age(business.store)
    assert handled(MAY) == []


@pytest.mark.usefixtures("numbers")
def test_files_that_wait_come_before_new_ones_and_are_the_same_bytes_for_the_same_content(business, new_store):
    _plan(business)
    first = _files(business.store)
    uploaded(business.store, {"unique_key": "c"}, file_name="late.csv")
    _plan(business)
    assert _files(business.store) == first
    other = type(business)(new_store(), business.folder / "other")
    uploaded(other.store, {"unique_key": "b"}, {"unique_key": "a"})
    _plan(other)
    assert [(file.file_name, file.sha256) for file in _files(other.store)] == [
        (file.file_name, file.sha256) for file in first
    ]
