"""One rule for every server: asked again while it is out of order, when it wants to be, and not for ever."""

import time

import httpx
import pytest

from pipeline.patience import Patience, TryAgainError, passes, retry_after

AT_ONCE = Patience(attempts=3, wait_seconds=0)


class Server:
    """Fails with these errors, one at each attempt, and then answers."""

    def __init__(self, *errors):
        self.errors, self.asked = list(errors), []

    def __call__(self):
        self.asked.append(time.monotonic())
        if self.errors:
            raise self.errors.pop(0)
        return "answer"

    @property
    def pauses(self):
        return [later - earlier for earlier, later in zip(self.asked, self.asked[1:], strict=False)]


def out_of_order(times, after=0):
    return Server(*(TryAgainError("out of order", after) for _ in range(times)))


def test_what_goes_well_in_the_end_is_answered():
    server = out_of_order(2)
    assert AT_ONCE.again(server) == "answer"
    assert len(server.asked) == 3


def test_after_so_many_attempts_the_last_error_is_raised_and_tells_how_many_there_were():
    server = Server(*(TryAgainError(f"error {number}") for number in (1, 2, 3)))
    with pytest.raises(TryAgainError, match="error 3") as caught:
        AT_ONCE.again(server)
    assert caught.value.tried == len(server.asked) == 3


def test_an_error_that_will_not_pass_is_raised_at_once():
    server = Server(ValueError("never"))
    with pytest.raises(ValueError, match="never"):
        AT_ONCE.again(server)
    assert len(server.asked) == 1


def test_pauses_double_and_grow_no_longer_than_they_may():
    server = out_of_order(3)
    Patience(wait_seconds=0.05, wait_seconds_max=0.1).again(server)
    first, second, third = server.pauses
    assert first >= 0.05
    assert second >= 0.1
    assert 0.1 <= third < 0.2


def test_a_pause_that_the_server_asks_for_is_kept_also_where_it_is_longer_than_any_of_ours():
    server = out_of_order(1, after=0.3)
    Patience(wait_seconds=0.01, wait_seconds_max=0.02).again(server)
    assert server.pauses[0] >= 0.3


def test_a_pause_that_would_end_after_all_patience_is_not_waited_for():
    server = out_of_order(1, after=3600)
    with pytest.raises(TryAgainError) as caught:
        Patience(total_seconds=600).again(server)
    assert (caught.value.tried, len(server.asked)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "may_pass"),
    [(429, True), (500, True), (503, True), (599, True), (200, False), (304, False), (400, False), (409, False)],
)
def test_who_is_busy_or_out_of_order_may_answer_otherwise_later(status, may_pass):
    assert passes(httpx.Response(status)) is may_pass


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("soon", 0), ("-1", 0), ("", 0), ("Fri, 31 Dec 1999 23:59:59 GMT", 0)],
)
def test_the_pause_that_is_asked_for_is_read_and_what_is_none_or_over_is_none(text, seconds):
    assert retry_after(httpx.Response(429, headers={"Retry-After": text})) == seconds


def test_a_pause_until_an_instant_lasts_until_then():
    assert retry_after(httpx.Response(503, headers={"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"})) > 3600
    assert retry_after(httpx.Response(503)) == 0
