"""Verifying a closed period makes it again from its files by its sealed rules, and finds what is not as it was."""

import pytest
import sqlalchemy as sa
from billed_march import flip

from pipeline.proof.seal import BrokenSealError, SealedFile, read
from pipeline.proof.verify import NotClosedError
from pipeline.store import closing

LATE = "at,value\n2025-03-20T00:00:00Z,2\n"


@pytest.fixture
def closed(shop):
    shop.close()
    return shop


def test_a_closed_period_comes_out_again_as_it_was_billed(closed):
    found = closed.verify()
    assert found.differences == []
    assert str(found).splitlines()[1:] == [
        "  landed files: 1, their bytes compared",
        "  uploaded files: 0, their bytes compared",
        "  meter energy: 1 records derived and mapped again from 1 files",
        "  rated items: 1 rated again, in 1 bill runs",
        "  records: 1 (6.5 kwh), compared with the seal",
        "  rated items: 1 (1.63 EUR), compared with the seal",
        "  exported files: 10, their bytes compared",
        "verified",
    ]


def test_a_period_that_nobody_closed_cannot_be_verified(shop):
    with pytest.raises(NotClosedError, match="run `meterbridge close 2025-03` once it is billed"):
        shop.verify()


def test_a_flipped_bit_in_a_landed_file_is_found_before_anything_is_derived_from_it(closed):
    flip(closed.landed())
    found = closed.verify()
    assert found.differences == [
        f"{closed.landed()} is not what was sealed: its bytes differ; restore it from a backup"
    ]
    assert "meter energy" not in str(found)
    assert str(found).endswith("NOT VERIFIED: 1 differences")


def test_a_landed_file_that_is_gone_is_named(closed):
    closed.landed().unlink()
    assert closed.verify().differences == [f"{closed.landed()} is missing; restore it from a backup"]


def test_a_changed_export_is_found(closed):
    path = closed.home / "exports" / closed.business.rows("exports", "path")[0]
    path.write_bytes(path.read_bytes() + b" ")
    (difference,) = closed.verify().differences
    assert difference.startswith(f"{path} is not what was sealed")


def test_a_changed_catalog_does_not_matter_the_sealed_rules_are_used(closed):
    closed.business.count_in("2")
    closed.business.declare(
        "charges/energy.yaml", "charge: energy\nuom: kwh\ncurrency: EUR\npricing: {model: per_unit, price: 9}\n"
    )
    assert closed.verify().differences == []


def test_records_other_than_those_that_were_sealed_are_found(closed):
    with closed.business.store.begin() as connection:
        last = closing.seals(connection, "2025-03")[-1]
    sealed = read(SealedFile(path=last["path"], sha256=last["sha256"]), closed.home)
    closed.seal(records=sealed.records.model_copy(update={"sha256": "0" * 64, "sums": {"kwh": "7.5"}}))
    assert closed.verify().differences == ["records are not those that were sealed: 1 (7.5 kwh)"]


def test_rules_that_do_not_give_what_is_stored_are_found_in_usage_and_money(closed):
    with closed.business.store.begin() as connection:
        last = closing.seals(connection, "2025-03")[-1]
    rules = read(SealedFile(path=last["path"], sha256=last["sha256"]), closed.home).rules.model_copy(deep=True)
    rules.meters["energy"]["map"]["factor"] = "2"
    rules.charges["energy"]["pricing"]["price"] = "0.5"
    closed.seal(rules=rules)
    usage, gone, new = closed.verify().differences
    assert usage == "record 1: stored 6.5 of 3 readings, made again 13 of 3"
    assert ": stored, not made again: " in gone
    assert '"amount":"1.63"' in gone
    assert ": made again, not stored: " in new
    assert '"amount":"3.25"' in new  # of the 6.5 kWh that are stored, at 0.50


def test_a_manifest_whose_bytes_were_changed_is_refused(closed):
    ((path),) = closed.business.rows("closed_periods", "path")
    manifest = closed.home / "closed" / path
    manifest.write_bytes(manifest.read_bytes().replace(b"1.63", b"1.64"))
    with pytest.raises(BrokenSealError, match="is not what was sealed: its bytes differ"):
        closed.verify()
    manifest.unlink()
    with pytest.raises(BrokenSealError, match="is missing"):
        closed.verify()


def test_late_usage_that_is_billed_after_the_close_leaves_what_was_sealed_standing(closed):
    closed.business.bill(LATE, "power/A-1/late.csv")
    closed.business.rate()
    closed.business.post()
    found = closed.verify()
    assert found.differences == []
    assert found.notes == ["billed again since by 1 bill runs: what was sealed stands; close it again to seal them"]
    closed.close()
    again = closed.verify()
    assert (again.differences, again.notes) == ([], [])
    assert "meter energy: 2 records derived and mapped again from 2 files" in str(again)
    assert "rated items: 2 rated again, in 2 bill runs" in str(again)
    assert again.heading.endswith("the latest of 2 seals")


def test_a_bill_run_that_the_store_would_not_have_made_is_found(closed):
    """The guards refuse such a change: here they are switched off, as only the owner of the database could."""
    with closed.business.store.begin() as connection:
        connection.execute(sa.text("ALTER TABLE usage_records_shared DISABLE TRIGGER USER"))
        connection.execute(sa.text("UPDATE usage_records SET quantity = 7"))
    assert closed.verify().differences[0] == "record 1: stored 7 of 3 readings, made again 6.5 of 3"
