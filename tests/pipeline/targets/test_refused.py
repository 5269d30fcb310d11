"""What the billing platform refuses, or holds otherwise than it was sent: the error says what and where."""

import re
from contextlib import closing
from decimal import Decimal

import httpx
import pytest
import sqlalchemy as sa
from lossy_http import PASSED, REQUEST_LOST
from served_api import CLIENT, SECRET, served
from uploaded_usage import uploaded

from pipeline.patience import Patience
from pipeline.targets.errors import TargetError, TargetRefusedError, TargetUnavailableError
from pipeline.targets.platform import Platform
from pipeline.targets.read_back import TargetMismatchError
from pipeline.targets.send import advance
from pipeline.targets.sender import Sender
from pipeline.usage.change import change
from pipeline.usage.delete import Selection, delete
from transforms.period import Period
from web.callers import Role

ACTIVE = "usage_records WHERE superseded_by IS NULL AND unique_key = 'a'"
MARCH = Period.parse("2025-03")
SHOP = {"account_number": "A-2", "subscription_number": "S-2", "charge_number": "C-2"}


def test_a_file_with_one_wrong_row_loads_nothing_the_others_arrive_and_it_is_sent_again_once_it_is_right(two):
    two.ours.customer("A-2")
    uploaded(two.ours.store, {"unique_key": "a"}, {"unique_key": "b", "quantity": Decimal(2), **SHOP})
    with pytest.raises(TargetError, match=r"(?s)is Failed: .*row 1 .*ACCOUNT_ID: account_unknown.*'A-2'") as caught:
        two.send(rows_max=1)
    assert two.files()[1].file_name in str(caught.value)
    assert "account_unknown" in two.files()[1].reason
    two.theirs.customer("A-2")
    two.send()
    assert two.held() == {"a": 1, "b": 2}
    assert [state for state, _, _ in two.states()] == ["confirmed", "failed", "confirmed"]


def test_what_the_platform_has_billed_is_not_updated_and_the_error_names_the_bill_run(two):
    two.say(k="1")
    two.send()
    (two.theirs.catalog_folder / "meters/energy.yaml").unlink()  # all of its usage comes from us
    billed = two.theirs.rate()
    two.say(k="2")
    with pytest.raises(TargetError, match=f"record_billed.*bill run {billed.bill_run_id}"):
        two.send()
    assert two.held() == {"k": 1}


class Meddling:
    """Does something once, just before what the platform holds is read back."""

    def __init__(self, deed):
        self.deeds = [deed]

    def __call__(self, _method, path):
        if path.startswith("/v1/usage/accounts/") and self.deeds:
            self.deeds.pop()()
        return PASSED


def _change(two, number):
    change(two.theirs.store, two.theirs.catalog, number, {"Quantity": "7"}, by="bob", reason="by hand")


def _delete(two, number):
    delete(two.theirs.store, Selection([number]), by="bob", reason="by hand", dry_run=False)


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (_change, "2 are held with the control total 9; record a: 1 was sent, 7 is held"),
        (_delete, "1 are held with the control total 2; record a: 1 was sent, nothing is held"),
    ],
)
def test_what_somebody_changed_on_the_platform_is_told_and_sent_again(two, deed, said):
    two.say(a="1", b="2")
    two.way.fate = Meddling(lambda: deed(two, two.theirs.rows(ACTIVE, "record_id")[0]))
    with pytest.raises(
        TargetMismatchError, match=f"2 rows with the control total 3 were sent.* counts 2 rows, and {said}"
    ):
        two.send()
    assert two.states() == [("failed", 2, Decimal(3))]
    two.send()
    assert two.held() == {"a": 1, "b": 2}
    assert two.states()[1:] == [("confirmed", 2, Decimal(3))]


def test_a_platform_that_counts_other_rows_than_were_sent_is_told(two):
    two.say(a="1", b="2")

    def count_another():
        with two.theirs.store.begin() as connection:
            connection.execute(sa.text("UPDATE imports SET total_count = 3"))

    two.way.fate = Meddling(count_another)
    with pytest.raises(TargetMismatchError, match="counts 3 rows, and 2 are held with the control total 3;"):
        two.send()


WRONG = "canary-of-a-secret"


def test_a_wrong_secret_is_told_without_it_and_nothing_is_sent_until_it_is_right(two):
    two.say(k="1")
    with two.platform(WRONG) as platform, pytest.raises(TargetRefusedError) as caught:
        advance(two.ours.store, two.ours.catalog, platform, MARCH)
    assert "it answers 401 invalid_client" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert (two.way.uploads(), two.imports()) == ([], [])
    two.send()
    assert two.held() == {"k": 1}


def test_a_client_that_may_not_load_usage_is_told_so(two):
    two.say(k="1")
    with (
        served(two.theirs, Role.VIEWER) as address,
        closing(Platform(Sender.of(address, CLIENT, SECRET), Patience(1, 0))) as platform,
        pytest.raises(TargetRefusedError, match="it answers 403"),
    ):
        advance(two.ours.store, two.ours.catalog, platform, MARCH)


def test_a_platform_that_does_not_answer_is_told_and_everything_is_sent_once_it_does(two):
    two.say(k="1")
    two.way.fate = lambda _method, _path: REQUEST_LOST
    with two.platform(patience=Patience(2, 0)) as platform, pytest.raises(TargetUnavailableError, match=two.way.url):
        advance(two.ours.store, two.ours.catalog, platform, MARCH)
    two.way.fate = lambda _method, _path: PASSED
    two.send()
    assert two.held() == {"k": 1}


def test_a_platform_whose_calls_are_limited_is_asked_again_when_it_wants_to_be(two):
    with served(two.theirs, calls_per_minute=1) as address:
        token = {"client_id": CLIENT, "client_secret": SECRET, "grant_type": "client_credentials"}
        httpx.post(f"{address}/oauth/token", data=token, trust_env=False)
        with (
            closing(Platform(Sender.of(address, CLIENT, SECRET), Patience(1))) as platform,
            pytest.raises(TargetUnavailableError, match="429") as caught,
        ):
            platform.status("0" * 32)
    assert 1 <= caught.value.after_seconds <= 60


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/v1/usage", b"<html>Log in</html>", "the answer is no JSON object; is the address that of its API?"),
        ("/v1/usage", b'{"success": true}', "an answer without a proper checkImportStatus"),
        ("/v1/usage/accounts/A-1?page=1&pageSize=100", b'{"usage": [{"uniqueKey": "k"}]}', "without a proper quantity"),
    ],
)
def test_an_answer_that_cannot_be_understood_is_none(two, path, answer, said):
    two.say(k="1")
    two.way.answers[path] = answer
    with pytest.raises(TargetUnavailableError, match=re.escape(said)):
        two.send()
    two.way.answers.clear()
    two.send()
    assert two.held() == {"k": 1}


def test_an_import_that_the_platform_has_lost_is_sent_again(two):
    two.say(k="1")
    two.send()
    with two.ours.store.begin() as connection:
        connection.execute(sa.text("UPDATE sent_files SET state = 'sent', bytes = 'x', import_id = repeat('f', 32)"))
    with pytest.raises(TargetRefusedError, match="404"):
        two.send()
    two.send()
    assert two.states()[-1] == ("confirmed", 1, Decimal(1))
