"""A file that is quarantined whole, and was sent again in other words, is dismissed: no replay counts it besides."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from click.testing import CliRunner
from small_business import MARCH, SOURCE

from pipeline import upkeep
from pipeline.cli import cli
from pipeline.proof.trace import trace
from pipeline.readings.dismiss import DismissRefusedError, dismiss
from pipeline.readings.replay import replay
from pipeline.reports import status

BROKEN = "power/A-1/broken.csv"
READABLE = SOURCE.replace("columns:", "format: {skip_lines: 1, names: [at, value]}\ncolumns:")
WHY = "sent again as march.csv"
MISSING = "missing_column: no 'at'; the file has 'when', 'value'"


@pytest.fixture
def resent(business):
    """March under a header that the source does not know, and once more under the right one, a figure corrected."""
    business.deliver(BROKEN, MARCH.replace("at,", "when,"))
    business.bill(MARCH.replace(",3.5", ",4"))
    return business


def read_again(business, **options):
    """Make the first file readable, replay, and give what the account uses now."""
    business.declare("sources/power.yaml", READABLE)
    replay(business.store, business.catalog.source("power"), business.home, **options)
    business.run()
    ((_, _, quantity, readings),) = business.quantities()
    return quantity, readings


def dismissed(business, **changes):
    wanted = {"uri": BROKEN, "by": "ann", "reason": WHY} | changes
    return dismiss(business.store, "power", **wanted)


def test_a_file_that_was_sent_again_counts_twice_once_a_replay_can_read_it(resent):
    assert read_again(resent) == (Decimal("13.5"), 6)


def test_a_dismissed_file_is_left_alone_by_every_replay(resent):
    assert dismissed(resent) == f"{BROKEN} is dismissed, and no replay reads it; it was quarantined: {MISSING}"
    assert read_again(resent) == (Decimal(7), 3)
    assert (resent.extract(retry=True).landed, resent.extract().known) == (0, 2)


def test_who_dismissed_a_file_and_why_is_told_and_it_is_no_news_any_more(resent):
    dismissed(resent)
    upkeep.note_what_stands_out(resent.store, resent.catalog, at=datetime.now(UTC))
    assert resent.rows("events WHERE kind = 'quarantine'", "kind") == []
    shown = status.summary(resent.store, resent.catalog.units).split("\n\n")[0].splitlines()
    assert [line.split() for line in shown[2:3]] == [["power", "1", "3", "0", "0", "0"]]
    assert shown[3:] == [f"  power: {BROKEN} is dismissed by ann: {WHY} (it was quarantined: {MISSING})"]
    assert trace(resent.store, resent.catalog, "power", BROKEN, 1, resent.home) == [
        f"{BROKEN} is quarantined whole: {MISSING}", f"  dismissed by ann: {WHY}",
    ]  # fmt: skip


def test_a_file_that_was_dismissed_by_mistake_lands_when_it_is_named(resent):
    dismissed(resent)
    assert read_again(resent, file_id=BROKEN) == (Decimal("13.5"), 6)
    assert resent.rows("arrivals", "uri", "dismissed_by") == [(BROKEN, "ann"), ("power/A-1/march.csv", None)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": " "}, "say why"),
        ({"uri": "power/A-1/march.csv"}, "no file 'power/A-1/march.csv' waits that is quarantined whole"),
        ({"uri": "power/A-1/other.csv"}, "no file 'power/A-1/other.csv' waits"),
    ],
    ids=["without a reason", "one that landed", "one that never came"],
)
def test_only_what_is_quarantined_whole_is_dismissed_and_not_without_a_reason(resent, changes, message):
    before = resent.contents()
    with pytest.raises(DismissRefusedError, match=message):
        dismissed(resent, **changes)
    assert resent.contents() == before


def test_who_dismissed_a_file_first_stays(resent):
    dismissed(resent)
    with pytest.raises(DismissRefusedError, match="waits that is quarantined whole"):
        dismissed(resent, by="bob")
    assert resent.rows("arrivals WHERE dismissed_by IS NOT NULL", "dismissed_by") == ["ann"]


def test_the_same_content_at_another_place_is_no_part_of_a_dismissal(resent):
    dismissed(resent)
    resent.declare("sources/power.yaml", READABLE)
    resent.deliver("power/A-1/again.csv", MARCH.replace("at,", "when,"))
    assert resent.extract().landed == 1


def test_the_command_line_dismisses_for_its_user(named):
    named.deliver(BROKEN, MARCH.replace("at,", "when,"))
    named.extract()
    done = CliRunner().invoke(cli, ["dismiss", "power", BROKEN, "--reason", WHY], catch_exceptions=False)
    assert done.output.startswith(f"{BROKEN} is dismissed, and no replay reads it")
    assert named.rows("arrivals", "dismissed_reason") == [WHY]


COMMAS = "power/A-1/commas.csv"
BAD = "unreadable_value"
DECIMALS = SOURCE.replace("columns:", "value: {decimal_mark: ','}\nformat: {delimiter: ';'}\ncolumns:")


@pytest.fixture
def commas(business):
    """March with decimal commas, of which no row is a reading, and once more with points, a figure corrected."""
    business.declare("sources/power.yaml", SOURCE.replace("columns:", "format: {delimiter: ';'}\ncolumns:"))
    business.deliver(COMMAS, "at;value\n2025-03-01T00:00:00Z;1,5\n2025-03-02T00:00:00Z;2,5\n2025-03-03T00:00:00Z;3,5\n")
    business.bill("at;value\n2025-03-01T00:00:00Z;1.5\n2025-03-02T00:00:00Z;2.5\n2025-03-03T00:00:00Z;3\n")
    return business


def read_with_commas(business, **options):
    business.declare("sources/power.yaml", DECIMALS)
    replay(business.store, business.catalog.source("power"), business.home, **options)
    return sorted(business.rows("landed_files WHERE replaced_by IS NULL", "readings"))


def test_a_file_that_landed_without_a_reading_and_was_sent_again_counts_twice_once_a_replay_can_read_it(commas):
    assert read_with_commas(commas) == [3, 3]


def test_a_file_that_landed_without_a_reading_is_told_by_name_and_dismissed_too(commas):
    def told():
        return [line for line in status.summary(commas.store, commas.catalog.units).splitlines() if COMMAS in line]

    assert told() == [f"  power: {COMMAS} gave no reading, every row is quarantined: {BAD}"]
    assert dismissed(commas, uri=COMMAS) == f"{COMMAS} is dismissed, and no replay reads it; it was quarantined: {BAD}"
    assert told() == [f"  power: {COMMAS} is dismissed by ann: {WHY} (it was quarantined: {BAD})"]
    assert not any(COMMAS in line for line in commas.run().warnings)
    assert read_with_commas(commas) == [0, 3]


def test_a_file_without_a_reading_that_was_dismissed_by_mistake_lands_when_it_is_named(commas):
    dismissed(commas, uri=COMMAS)
    assert read_with_commas(commas, file_id=COMMAS) == [3, 3]
