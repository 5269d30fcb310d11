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
def shop(business, march):
    """Two accounts: A-1 has 6.5 kWh of three readings, A-2 4 kWh of one; both Pending."""
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", MORE)
    business.bill(march)
    return business


def _delete(shop, *, dry_run=False, **selection):
    return delete(shop.store, Selection(**selection), by="ann", reason="sent twice", dry_run=dry_run)


def _record(shop, number):
    (found,) = shop.rows(f"usage_records WHERE charge_number = '{number}' AND superseded_by IS NULL", "record_id")
    return found


def _active_import(shop):
    (found,) = shop.rows("imports WHERE superseded_by IS NULL", "import_id")
    return found


def test_a_dry_run_tells_exactly_what_would_go_and_changes_nothing(shop):
    before = shop.contents()
    told = _delete(shop, dry_run=True, import_id=_active_import(shop))
    assert (len(told.records), told.quantities, told.readings) == (2, {"kwh": Decimal("10.5")}, 4)
    assert "2 records of 1 imports, 4 readings, 10.5 kwh: would be deleted (dry run; nothing was changed)" in str(told)
    assert shop.contents() == before
    assert _delete(shop, import_id=_active_import(shop)).records == told.records


def test_a_deleted_record_is_kept_whole_with_who_when_and_why(shop):
    number = _record(shop, "C-2")
    done = _delete(shop, record_ids=[number])
    assert (done.records, done.quantities, done.readings) == ((number,), {"kwh": Decimal(4)}, 1)
    assert shop.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3)]
    (kept,) = shop.rows(
        "usage_changes", "action", "record_id", "readings", "changed_by", "reason", "changed_at IS NOT NULL",
        "before ->> 'quantity'", "before ->> 'charge_number'", "before ->> 'status'", "after",
    )  # fmt: skip
    assert kept == ("delete", number, 1, "ann", "sent twice", True, "4.000000000", "C-2", "Pending", None)


def test_an_import_tells_how_many_of_its_records_were_deleted_and_by_whom(shop):
    _delete(shop, record_ids=[_record(shop, "C-2")])
    assert shop.rows("imports", "altered_count", "updated_by", "updated_at > created_at") == [(1, "ann", True)]


def test_the_readings_behind_a_deleted_record_have_a_place_of_their_own_in_the_ledger(shop):
    _delete(shop, record_ids=[_record(shop, "C-2")])
    assert shop.ledger() == (4, {("pending", ""): 3, ("deleted", "by_hand"): 1})
    assert "2025-03 energy: 1 deleted, by_hand (ann: sent twice)" in summary(shop.store)
    shop.rate()
    assert shop.ledger() == (4, {("billed", ""): 3, ("deleted", "by_hand"): 1})


def test_what_was_deleted_can_be_loaded_again_and_counts_once(shop):
    _delete(shop, import_id=_active_import(shop))
    assert shop.ledger() == (4, {("deleted", "by_hand"): 4})
    assert shop.run().outcome == "created"
    assert shop.ledger() == (4, {("pending", ""): 4})
    assert shop.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3), ("C-2", "2025-03", Decimal(4), 1)]


def test_a_billed_record_refuses_the_whole_and_names_its_bill_run(shop):
    run = shop.rate().bill_run_id
    shop.deliver("power/A-1/april.csv", "at,value\n2025-04-01T00:00:00Z,8\n")
    shop.extract()
    shop.run(period="2025-04")
    (pending,) = shop.rows("usage_records WHERE status = 'Pending'", "record_id")
    billed = _record(shop, "C-2")
    before = shop.contents()
    for dry_run in (True, False):
        with pytest.raises(DeleteRefusedError, match=rf"record {billed} is Processed by bill run {run}"):
            _delete(shop, record_ids=[pending, billed], dry_run=dry_run)
    assert shop.contents() == before


def test_records_that_are_not_there_are_named_with_what_became_of_them(shop):
    deleted, superseded = _record(shop, "C-2"), _record(shop, "C-1")
    _delete(shop, record_ids=[deleted])
    shop.count_in("2")
    shop.run()
    with pytest.raises(DeleteRefusedError) as caught:
        _delete(shop, record_ids=[987654, deleted, superseded, _record(shop, "C-1")])
    told = str(caught.value)
    assert "record 987654 is unknown" in told
    assert f"record {superseded} is superseded by import" in told
    assert f"record {deleted} is deleted at " in told
    assert "by ann: sent twice" in told
    assert len(shop.quantities()) == 2


def test_everything_of_a_file_goes_whichever_of_its_uploads_brought_it(shop):
    for name, quantity in (("march.csv", 1), ("march.csv", 2), ("april.csv", 5)):
        uploaded(shop.store, {"quantity": Decimal(quantity)}, file_name=name)
    done = _delete(shop, file_name="march.csv")
    assert (len(done.records), done.quantities, len(done.imports)) == (2, {"kwh": Decimal(3)}, 2)
    assert sorted(row[2] for row in shop.quantities()) == [Decimal(4), Decimal(5), Decimal("6.5")]
    assert shop.ledger() == (4, {("pending", ""): 4})


def test_a_deleted_adjustment_leaves_what_is_billed_and_can_be_made_again(shop):
    shop.rate()
    shop.deliver("power/A-2/late.csv", "at,value\n2025-03-03T00:00:00Z,2\n")
    shop.extract()
    assert shop.run().outcome == "adjusted"
    (adjustment,) = shop.rows("usage_records WHERE corrects IS NOT NULL", "record_id")
    assert _delete(shop, record_ids=[adjustment]).quantities == {"kwh": Decimal(2)}
    assert shop.ledger() == (5, {("billed", ""): 4, ("deleted", "by_hand"): 1})
    assert shop.load(*shop.prepare(), reason="deleted by mistake").outcome == "adjusted"
    assert shop.ledger() == (5, {("billed", ""): 4, ("pending", ""): 1})


def test_an_import_that_has_nothing_left_deletes_nothing_a_second_time(shop):
    batch = _active_import(shop)
    _delete(shop, import_id=batch)
    before = shop.contents()
    assert _delete(shop, import_id=batch).records == ()
    assert shop.contents() == before


@pytest.mark.parametrize("selection", [{"import_id": "f" * 32}, {"file_name": "never.csv"}])
def test_an_import_or_a_file_that_nobody_knows_is_refused_by_name(shop, selection):
    with pytest.raises(DeleteRefusedError, match=next(iter(selection.values()))):
        _delete(shop, **selection)


def test_a_deletion_needs_a_reason_and_one_way_of_choosing(shop):
    with pytest.raises(MeterbridgeError, match="say why"):
        delete(shop.store, Selection(record_ids=[1]), by="ann", reason=" ", dry_run=False)
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
def test_the_command_only_tells_what_would_go_unless_it_is_told_to_delete(shop):
    said = ["--record", str(_record(shop, "C-1")), "--record", str(_record(shop, "C-2")), "--reason", "sent twice"]
    told = CliRunner().invoke(command, said, catch_exceptions=False)
    assert "2 records of 1 imports, 4 readings, 10.5 kwh: would be deleted (dry run" in told.output
    assert len(shop.quantities()) == 2
    CliRunner().invoke(command, [*said, "--no-dry-run"], catch_exceptions=False)
    assert shop.quantities() == []
    assert shop.rows("usage_changes", "reason", "changed_by") == [("sent twice", getpass.getuser())] * 2
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
