"""Repair and replay: kept bytes land again under corrected rules, with the identities that they had."""

import pyarrow.parquet as pq
import pytest
from small_business import SOURCE

from pipeline.readings.raw import RawBytesError
from pipeline.readings.replay import describe, replay

COMMA = SOURCE + 'value: {decimal_mark: ","}\n'
MIXED = "at,value\n2025-03-01T00:00:00Z,1\n2025-03-02T00:00:00Z,2.5\n"
QUOTED = MIXED.replace("2.5", '"2,5"')


def run(business, **options):
    return replay(business.store, business.catalog.source("power"), business.home, **options)


def landed(business):
    """The readings that are visible: file, row and value."""
    paths = business.rows("landed_files WHERE replaced_by IS NULL", "path")
    read = [pq.read_table(business.home / "readings" / path).to_pylist() for path in paths]
    return sorted((each["id_high"], each["row"], str(each["value"].normalize())) for one in read for each in one)


@pytest.fixture
def repaired(business):
    """A file with a decimal comma that its source did not declare, and now does; the inbox is empty."""
    business.declare("sources/power.yaml", SOURCE)
    business.deliver("power/A-1/march.csv", QUOTED)
    business.extract()
    (business.inbox / "power/A-1/march.csv").unlink()
    business.declare("sources/power.yaml", COMMA)
    return business


def test_rows_that_were_quarantined_land_under_the_corrected_rules_with_the_identities_that_they_had(repaired):
    (good,) = landed(repaired)
    found = run(repaired)
    assert (found.landed, found.readings, found.rows_quarantined) == (1, 2, 0)
    first, second = landed(repaired)
    assert first == good
    assert second == (good[0], 2, "2.5")


def test_the_new_file_takes_the_place_of_the_old_and_nothing_is_lost(repaired):
    (old,) = repaired.rows("landed_files", "file_id")
    run(repaired)
    (new,) = repaired.rows("landed_files WHERE replaced_by IS NULL", "file_id")
    assert repaired.rows("landed_files WHERE replaced_by IS NOT NULL", "file_id", "replaced_by") == [(old, new)]
    assert repaired.rows("arrivals", "file_id") == [new]
    assert repaired.rows("quarantined_rows", "file_id", "row") == [(old, 2)]
    assert len(list((repaired.home / "readings").rglob("*.parquet"))) == 2


def test_a_second_replay_changes_nothing(repaired):
    run(repaired)
    before = repaired.contents()
    assert run(repaired).landed == 0
    assert repaired.contents() == before


def test_under_the_same_rules_a_replay_changes_nothing(repaired):
    repaired.declare("sources/power.yaml", SOURCE)
    before = repaired.contents()
    found = run(repaired)
    assert (found.landed, found.same) == (0, 1)
    assert repaired.contents() == before


def test_rules_that_are_taken_back_bring_the_first_file_back(repaired):
    before = landed(repaired)
    (first,) = repaired.rows("landed_files", "file_id")
    run(repaired)
    (second,) = repaired.rows("landed_files WHERE replaced_by IS NULL", "file_id")
    repaired.declare("sources/power.yaml", SOURCE)
    run(repaired, file_id=second)
    assert landed(repaired) == before
    assert repaired.rows("landed_files WHERE replaced_by IS NULL", "file_id") == [first]


def test_what_is_repaired_is_billed_at_the_next_run(repaired):
    repaired.run()
    run(repaired)
    repaired.run()
    assert [(str(quantity.normalize()), readings) for _, _, quantity, readings in repaired.quantities()] == [("3.5", 2)]


def test_a_file_that_was_quarantined_whole_lands_when_the_source_names_its_columns(business):
    business.declare("sources/power.yaml", SOURCE)
    business.deliver("power/A-1/march.csv", MIXED.replace("at,", "when,"))
    business.extract()
    business.declare("sources/power.yaml", SOURCE.replace("at: at", "at: when"))
    assert run(business).landed == 1
    assert business.rows("arrivals", "reason") == [None]
    assert len(landed(business)) == 2


def test_a_file_that_still_cannot_be_read_says_why_now(business):
    business.declare("sources/power.yaml", SOURCE)
    business.deliver("power/A-1/march.csv", MIXED.replace("at,", "when,"))
    business.extract()
    business.declare("sources/power.yaml", SOURCE.replace("at: at", "at: start"))
    found = run(business)
    assert (found.landed, found.quarantined) == (0, 1)
    assert "'start'" in business.rows("arrivals", "reason")[0]


def test_rules_that_cannot_read_a_landed_file_do_not_take_it_away(repaired):
    repaired.declare("sources/power.yaml", SOURCE.replace("at: at", "at: start"))
    before = repaired.contents()
    assert run(repaired).same == 1
    assert repaired.contents() == before


def test_one_file_is_replayed_by_its_id_though_nothing_of_it_is_quarantined(business):
    business.declare("sources/power.yaml", SOURCE)
    business.deliver("power/A-1/march.csv", MIXED)
    business.extract()
    (file_id,) = business.rows("landed_files", "file_id")
    business.declare("sources/power.yaml", SOURCE + "time: {zone: Europe/Berlin}\n")
    assert run(business).landed == 0
    assert run(business, file_id=file_id).same == 1  # its stamps say their offset
    business.declare("sources/power.yaml", SOURCE.replace("columns: {", "columns: {attributes: {size: value}, "))
    assert run(business, file_id=file_id).landed == 1


def test_a_file_id_that_is_unknown_is_an_error(business):
    business.declare("sources/power.yaml", SOURCE)
    with pytest.raises(RawBytesError, match="no raw file has landed as beef"):
        run(business, file_id="beef")


def test_bytes_that_are_gone_are_an_error_that_names_the_file(repaired):
    for path in (repaired.home / "raw").rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(RawBytesError, match=r"power/A-1/march\.csv: its bytes are not below"):
        run(repaired)


def test_the_same_content_of_two_files_stays_one(repaired):
    repaired.declare("sources/power.yaml", SOURCE)
    repaired.deliver("power/A-1/again.csv", QUOTED.replace("\n", "\r\n"))
    assert repaired.extract().exists == 1
    repaired.declare("sources/power.yaml", COMMA)
    run(repaired)
    assert len(landed(repaired)) == 2
    (new,) = repaired.rows("landed_files WHERE replaced_by IS NULL", "file_id")
    assert repaired.rows("arrivals", "file_id") == [new, new]


def test_the_outcome_of_a_replay_is_said_in_one_line(repaired):
    assert describe(run(repaired)) == (
        "power: 1 files landed anew with 2 readings (0 rows quarantined), 0 as before, 0 still quarantined whole"
    )
