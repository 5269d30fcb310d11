from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.notify.message import message
from pipeline.store.events import Event


def event(at, **details):
    return Event(1, "import_failed", "9c0ffee", details, at)


def test_a_failed_import_says_what_where_why_and_what_to_do(failed_import):
    assert failed_import.title == "Import failed: march.csv"
    assert failed_import.text == (
        "Import failed: 9c0ffee, 2025-04-01 12:00:00 UTC\n"
        "\n"
        "name: march.csv\n"
        "file name: march.csv\n"
        "reason: row 3: QTY is missing\n"
        "\n"
        "Nothing of it was loaded. Put right what the reason names, and upload the file or run the meter again; "
        "the same content is never loaded twice.\n"
    )


@pytest.mark.parametrize(
    "kind",
    [
        "import_succeeded", "import_failed", "task_failed", "approval_needed", "quarantine", "stuck_pending",
        "unbilled_usage", "billed_after_end",
    ],
)  # fmt: skip
def test_every_kind_has_a_title_of_its_own_its_figures_and_an_advice(kind, at):
    found = message(Event(1, kind, "power 2025-03", {"records": 12}, at))
    assert found.title.endswith(": power 2025-03")
    assert not found.title.lower().startswith(kind)
    assert "records: 12" in found.text
    assert found.text.rstrip().endswith(".")


def test_a_name_with_line_ends_and_control_characters_forges_no_line(at):
    found = message(event(at, name="a\r\nBcc: thief@example.com\u2028x\u202egnp.exe", reason="\x1b[2Jgone"))
    assert found.title == "Import failed: a Bcc: thief@example.com x gnp.exe"
    assert "reason: [2Jgone" in found.text
    assert len(found.text.splitlines()) == 7 - 1


def test_what_is_empty_is_left_out_and_what_is_long_is_cut(at):
    found = message(event(at, name="n" * 300, reason="r" * 5000, diff=None, warnings=[]))
    assert len(found.title) == 150
    assert "r" * 2000 + "…" in found.text
    assert "r" * 2001 not in found.text
    assert "diff" not in found.text
    assert "warnings" not in found.text


def test_the_id_is_the_same_whenever_it_is_put_into_words_and_another_for_another_event(at):
    one = event(at)
    assert message(one).id == message(replace(one, event_id=99)).id
    others = (
        replace(one, subject="other"), replace(one, kind="quarantine"), replace(one, created_at=at + timedelta(1)),
    )  # fmt: skip
    assert len({message(each).id for each in (one, *others)}) == 4
