"""Replies are lost on purpose: in the end the platform holds each record once, and all counts and totals are equal."""

from contextlib import suppress
from decimal import Decimal
from random import Random

import pytest
import sqlalchemy as sa
from faults.proxy import cut_at_commit
from lossy_http import BUSY, LOSSES, PASSED, REPLY_CUT, REPLY_LOST, REQUEST_LOST, seeded

from pipeline.store.engine import connect
from pipeline.targets.send import advance
from transforms.period import Period

MARCH = Period.parse("2025-03")
COMMITS = 8  # of a sending, from the first look to the last


class Once:
    """Loses the first call to a path."""

    def __init__(self, path, fate):
        self.path, self.fate, self.done = path, fate, False

    def __call__(self, _method, path):
        if self.done or self.path not in path:
            return PASSED
        self.done = True
        return self.fate


@pytest.mark.parametrize("fate", LOSSES)
@pytest.mark.parametrize("dies", [True, False])
def test_an_upload_whose_outcome_is_unknown_is_looked_up_and_makes_one_import(two, fate, dies):
    two.say(k="6.5")
    two.way.fate = lost = Once("/v1/usage", fate)
    two.send(dies=dies)
    assert lost.done
    assert two.held() == {"k": Decimal("6.5")}
    assert [status for _, status in two.imports()] == ["Completed"]
    assert two.states() == [("confirmed", 1, Decimal("6.5"))]


def test_what_arrived_although_its_reply_was_lost_is_found_by_its_file_name_and_not_sent_again(two):
    two.say(k="6.5")
    two.send()
    with two.platform() as platform:
        (file,) = two.files()
        assert platform.find_import(file.file_name, "A-1", file.created_at) == file.import_id
        assert platform.find_import("another.zip", "A-1", file.created_at) is None
    two.say(k="13")
    two.way.fate = Waiting(two)
    two.send(dies=True)
    assert two.way.uploads() == [PASSED, REPLY_LOST]
    assert two.held() == {"k": 13}


class Waiting:
    """Loses the reply to an upload; the calls after it wait until the platform has read the file."""

    def __init__(self, two):
        self.two, self.lost = two, False

    def __call__(self, method, path):
        if (method, path) == ("POST", "/v1/usage"):
            self.lost = True
            return REPLY_LOST
        while self.lost and any(status in {"Pending", "Processing"} for _, status in self.two.imports()):
            pass
        return PASSED


@pytest.mark.parametrize("path", ["/oauth/token", "/status", "/v1/object/import", "/v1/usage/accounts"])
@pytest.mark.parametrize("fate", [REQUEST_LOST, REPLY_CUT, BUSY])
def test_a_question_whose_answer_is_lost_is_asked_again(two, path, fate):
    two.say(k="6.5")
    two.way.fate = lost = Once(path, fate)
    two.send()
    assert lost.done
    assert (two.way.uploads(), two.states()) == ([PASSED], [("confirmed", 1, Decimal("6.5"))])


@pytest.mark.parametrize("heard", [False, True])
def test_a_sender_that_dies_at_any_of_its_commits_leaves_what_the_next_one_ends_well(two, heard):
    died = 0
    for number in range(1, COMMITS + 1):
        two.say(k=str(number), **{f"k{number}": "1"})
        with cut_at_commit(two.ours.store, heard=heard, number=number) as url, two.platform() as platform:
            way = connect(url)
            with suppress(sa.exc.DBAPIError):
                while not advance(way, two.ours.catalog, platform, MARCH):
                    pass
                died -= 1
            died += 1
            way.dispose()
        two.send()
        assert two.held() == {"k": number, **{f"k{each}": 1 for each in range(1, number + 1)}}
    assert died == COMMITS
    assert len(two.imports()) == COMMITS


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_lost_each_record_is_there_once_and_counts_and_totals_are_equal(two, seed):
    chance = Random(seed)  # noqa: S311 to be repeatable, not to be secret
    two.way.fate = seeded(seed, 0.35)
    says = {}
    for _ in range(3):
        news = _change(says, chance)
        two.say(**news)
        says |= news
        two.send(rows_max=chance.randint(1, 5), dies=chance.random() < 0.5)
        assert two.held() == {key: Decimal(quantity or 0) for key, quantity in says.items()}
        assert {file.state for file in two.files()} == {"confirmed"}
    assert {fate for _, _, fate in two.way.seen} >= {PASSED, REPLY_LOST}
    uploads = len(two.way.uploads())
    two.send()
    assert len(two.way.uploads()) == uploads


def _change(says, chance):
    """Add some records, correct two, take one away."""
    held = chance.sample(sorted(says), min(len(says), 3))
    new = [f"k{len(says) + each}" for each in range(chance.randint(1, 6))]
    quantities = {key: str(Decimal(chance.randint(1, 10**6)).scaleb(-3)) for key in [*held, *new]}
    return quantities | dict.fromkeys(held[:1], "")
