"""Deleting Pending usage: all of what was chosen or nothing, kept with who and why; what is billed stays."""

import getpass
from decimal import Decimal

import pytest
from click.testing import CliRunner
from uploaded_usage import uploaded

from pipeline.billing.post import cancel_rated
from pipeline.commands.usage import delete as command
from pipeline.reports.status import summary
from pipeline.usage.delete import DeleteRefusedError, Selection, chosen, delete
from transforms.errors import MeterbridgeError
from transforms.period import Period

MORE = "at,value\n2025-03-02T00:00:00Z,4\n"


@pytest.fixture
def loaded(business, march):
    """Two accounts: A-1 has 6.5 kWh of three readings, A-2 4 kWh of one; both Pending."""
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", MORE)
    business.bill(march)
    return business


def _delete(loaded, *, dry_run=False, **selection):
    return delete(loaded.store, Selection(**selection), by="ann", reason="sent twice", dry_run=dry_run)


def _record(loaded, number):
    (found,) = loaded.rows(f"usage_records WHERE charge_number = '{number}' AND superseded_by IS NULL", "record_id")
    return found


def _active_import(loaded):
    (found,) = loaded.rows("imports WHERE superseded_by IS NULL", "import_id")
    return found


def test_a_dry_run_tells_exactly_what_would_go_and_changes_nothing(loaded):
    before = loaded.contents()
    told = _delete(loaded, dry_run=True, import_id=_active_import(loaded))
    assert (len(told.records), told.quantities, told.readings) == (2, {"kwh": Decimal("10.5")}, 4)
    done, counts = "would be deleted (dry run; nothing was changed)", "2 records of 1 imports, 4 readings, 10.5 kwh"
    assert f"{done}: {counts}" in str(told)
    assert loaded.contents() == before
    assert _delete(loaded, import_id=_active_import(loaded)).records == told.records


def test_a_deleted_record_is_kept_whole_with_who_when_and_why(loaded):
    number = _record(loaded, "C-2")
    done = _delete(loaded, record_ids=[number])
    assert (done.records, done.quantities, done.readings) == ((number,), {"kwh": Decimal(4)}, 1)
    assert loaded.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3)]
    (kept,) = loaded.rows(
        "usage_changes", "action", "record_id", "readings", "changed_by", "reason", "changed_at IS NOT NULL",
        "before ->> 'quantity'", "before ->> 'charge_number'", "before ->> 'status'", "after",
    )  # fmt: skip
    assert kept == ("delete", number, 1, "ann", "sent twice", True, "4.000000000", "C-2", "Pending", None)


def test_an_import_tells_how_many_of_its_records_were_deleted_and_by_whom(loaded):
    _delete(loaded, record_ids=[_record(loaded, "C-2")])
    assert loaded.rows("imports", "altered_count", "updated_by", "updated_at > created_at") == [(1, "ann", True)]


def test_the_readings_behind_a_deleted_record_have_a_place_of_their_own_in_the_ledger(loaded):
    _delete(loaded, record_ids=[_record(loaded, "C-2")])
    assert loaded.ledger() == (4, {("pending", ""): 3, ("deleted", "by_hand"): 1})
    assert "2025-03 energy: 1 deleted, by_hand (ann: sent twice)" in summary(loaded.store, loaded.catalog.units)
    loaded.rate()
    assert loaded.ledger() == (4, {("billed", ""): 3, ("deleted", "by_hand"): 1})


def test_what_was_deleted_can_be_loaded_again_and_counts_once(loaded):
    _delete(loaded, import_id=_active_import(loaded))
    assert loaded.ledger() == (4, {("deleted", "by_hand"): 4})
    assert loaded.run().outcome == "created"
    assert loaded.ledger() == (4, {("pending", ""): 4})
    assert loaded.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3), ("C-2", "2025-03", Decimal(4), 1)]


def test_a_billed_record_refuses_the_whole_and_names_its_bill_run(loaded):
    run = loaded.rate().bill_run_id
    loaded.deliver("power/A-1/april.csv", "at,value\n2025-04-01T00:00:00Z,8\n")
    loaded.extract()
    loaded.run(period="2025-04")
    (pending,) = loaded.rows("usage_records WHERE status = 'Pending'", "record_id")
    billed = _record(loaded, "C-2")
    before = loaded.contents()
    for dry_run in (True, False):
        with pytest.raises(DeleteRefusedError, match=rf"record {billed} is Processed by bill run {run}"):
            _delete(loaded, record_ids=[pending, billed], dry_run=dry_run)
    assert loaded.contents() == before


def test_records_that_are_not_there_are_named_with_what_became_of_them(loaded):
    deleted, superseded = _record(loaded, "C-2"), _record(loaded, "C-1")
    _delete(loaded, record_ids=[deleted])
    loaded.count_in("2")
    loaded.run()
    with pytest.raises(DeleteRefusedError) as caught:
        _delete(loaded, record_ids=[987654, deleted, superseded, _record(loaded, "C-1")])
    told = str(caught.value)
    assert "record 987654 is unknown" in told
    assert f"record {superseded} is superseded by import" in told
    assert f"record {deleted} is deleted at " in told
    assert "by ann: sent twice" in told
    assert len(loaded.quantities()) == 2


def test_everything_of_a_file_goes_whichever_of_its_uploads_brought_it(loaded):
    for name, quantity in (("march.csv", 1), ("march.csv", 2), ("april.csv", 5)):
        uploaded(loaded.store, {"quantity": Decimal(quantity)}, file_name=name)
    done = _delete(loaded, file_name="march.csv")
    assert (len(done.records), done.quantities, len(done.imports)) == (2, {"kwh": Decimal(3)}, 2)
    assert sorted(row[2] for row in loaded.quantities()) == [Decimal(4), Decimal(5), Decimal("6.5")]
    assert loaded.ledger() == (4, {("pending", ""): 4})


def test_a_deleted_adjustment_leaves_what_is_billed_and_can_be_made_again(loaded):
    loaded.rate()
    loaded.deliver("power/A-2/late.csv", "at,value\n2025-03-03T00:00:00Z,2\n")
    loaded.extract()
    assert loaded.run().outcome == "adjusted"
    (adjustment,) = loaded.rows("usage_records WHERE corrects IS NOT NULL", "record_id")
    assert _delete(loaded, record_ids=[adjustment]).quantities == {"kwh": Decimal(2)}
    assert loaded.ledger() == (5, {("billed", ""): 4, ("deleted", "by_hand"): 1})
    assert loaded.load(*loaded.prepare(), reason="deleted by mistake").outcome == "adjusted"
    assert loaded.ledger() == (5, {("billed", ""): 4, ("pending", ""): 1})


def test_an_import_that_has_nothing_left_deletes_nothing_a_second_time(loaded):
    batch = _active_import(loaded)
    _delete(loaded, import_id=batch)
    before = loaded.contents()
    assert _delete(loaded, import_id=batch).records == ()
    assert loaded.contents() == before


@pytest.mark.parametrize("selection", [{"import_id": "f" * 32}, {"file_name": "never.csv"}])
def test_an_import_or_a_file_that_nobody_knows_is_refused_by_name(loaded, selection):
    with pytest.raises(DeleteRefusedError, match=next(iter(selection.values()))):
        _delete(loaded, **selection)


def test_a_deletion_needs_a_reason_and_one_way_of_choosing(loaded):
    with pytest.raises(MeterbridgeError, match="say why"):
        delete(loaded.store, Selection(record_ids=[1]), by="ann", reason=" ", dry_run=False)
    for wrong in ({}, {"record_ids": [1], "file_name": "march.csv"}):
        with pytest.raises(MeterbridgeError, match="in one way"):
            Selection(**wrong)


@pytest.mark.parametrize(
    ("kind", "value", "selection"),
    [
        ("records", " 7, 5,7 ", Selection(record_ids=[5, 7])),
        ("import", " abc ", Selection(import_id="abc")),
        ("file", "march.csv", Selection(file_name="march.csv")),
    ],
)
def test_a_form_says_what_is_chosen(kind, value, selection):
    assert chosen(kind, value) == selection


@pytest.mark.parametrize("value", ["", "5;7", "5,", "-1", "\u0665", "9" * 19])
def test_a_form_whose_records_are_no_numbers_is_refused(value):
    with pytest.raises(DeleteRefusedError, match="write the numbers of records, with commas between"):
        chosen("records", value)


@pytest.mark.usefixtures("named")
def test_the_command_only_tells_what_would_go_unless_it_is_told_to_delete(loaded):
    said = ["--record", str(_record(loaded, "C-1")), "--record", str(_record(loaded, "C-2")), "--reason", "sent twice"]
    told = CliRunner().invoke(command, said, catch_exceptions=False)
    assert "would be deleted (dry run; nothing was changed): 2 records of 1 imports" in told.output
    assert len(loaded.quantities()) == 2
    CliRunner().invoke(command, [*said, "--no-dry-run"], catch_exceptions=False)
    assert loaded.quantities() == []
    assert loaded.rows("usage_changes", "reason", "changed_by") == [("sent twice", getpass.getuser())] * 2
    assert CliRunner().invoke(command, ["--record", "1"]).exit_code == 2


def test_usage_of_an_import_that_was_adjusted_and_cancelled_is_loaded_again_after_its_deletion(business, march):
    business.bill(march)
    business.rate()
    business.bill("at,value\n2025-03-20T00:00:00Z,10\n", "power/A-1/more.csv")  # an import of its own adjusts it
    cancel_rated(business.store, Period.parse("2025-03"), by="ann", reason="a wrong price")
    first = business.rows("usage_records WHERE superseded_by IS NULL", "record_id")[:1]
    delete(business.store, Selection(record_ids=first), by="ann", reason="it was wrong", dry_run=False)
    assert business.ledger() == (4, {("pending", ""): 1, ("deleted", "by_hand"): 3})
    business.run()
    assert business.quantities() == [("C-1", "2025-03", Decimal("16.5"), 4)]
