"""Verifying a closed period makes it again from its files by its sealed rules, and finds what is not as it was."""

from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from uploaded_usage import uploaded

from pipeline.billing.post import cancel
from pipeline.proof.close import close
from pipeline.proof.explain import explain
from pipeline.proof.seal import BrokenSealError, SealedFile, read, write
from pipeline.proof.verify import NotClosedError, verify
from pipeline.store import closing
from pipeline.uploads.create import create
from pipeline.uploads.process import process
from pipeline.uploads.submit import Upload, submit
from pipeline.usage.change import change
from transforms.period import Period

MARCH_2025 = Period.parse("2025-03")
LATE = "at,value\n2025-03-20T00:00:00Z,2\n"
HEADER = "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\n"


class Shop:
    """A small business whose March is billed."""

    def __init__(self, business):
        self.business, self.home = business, business.home

    def close(self):
        return close(self.business.store, self.business.catalog, MARCH_2025, self.home, by="ann")

    def verify(self):
        return verify(self.business.store, MARCH_2025, self.home)

    def upload(self, text):
        sent = submit(self.business.store, self.home, Upload("usage.csv", text.encode()), by="ann")
        found = process(self.business.store, self.business.catalog, self.home, sent.import_id)
        assert found["status"] == "Completed", found["status_reason"]

    def landed(self):
        (path,) = self.business.rows("landed_files", "path")
        return self.home / "readings" / path

    def seal(self, **changes):
        """Put another manifest in the place of the one that was sealed, as if it had been sealed so."""
        with self.business.store.begin() as connection:
            last = closing.seals(connection, "2025-03")[-1]
            before = read(SealedFile(path=last["path"], sha256=last["sha256"]), self.home)
            file = write(before.model_copy(update=changes), self.home)
            closing.note(connection, "2025-03", file.sha256, file.path, "mallory")


@pytest.fixture
def shop(business, march):
    business.bill(march)
    business.rate()
    business.post()
    business.export()
    return Shop(business)


@pytest.fixture
def closed(shop):
    shop.close()
    return shop


def flip(path):
    """Turn one bit of a file round."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


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


def test_an_upload_is_read_again_from_its_file(shop):
    shop.upload(HEADER + "A-1,kwh,2.5,03/05/2025,,,,\n")
    shop.business.rate()
    shop.business.post()
    shop.close()
    ((import_id, path),) = shop.business.rows("imports WHERE source_type = 'File'", "import_id", "original_path")
    assert f"import {import_id}: 1 records made again from the uploaded file" in str(shop.verify())
    assert shop.verify().differences == []
    flip(shop.home / "imports" / path)
    (difference,) = shop.verify().differences
    assert difference.startswith(f"{shop.home / 'imports' / path} is not what was sealed")


def test_what_a_call_brought_is_taken_as_it_is_and_said_so(shop):
    usage = {"AccountNumber": "A-1", "UOM": "kwh", "Quantity": Decimal("1.5"), "StartDateTime": "2025-03-07"}
    create(shop.business.store, shop.business.catalog, [usage], by="ann")
    shop.business.rate()
    shop.business.post()
    shop.close()
    found = shop.verify()
    assert "  API: 1 records are taken as they are, for a call leaves no file" in str(found).splitlines()
    assert "records: 2 (8 kwh), compared with the seal" in str(found)
    assert found.differences == []


def test_a_record_that_was_changed_by_hand_is_taken_as_it_is_and_said_so(business, march):
    business.bill(march)
    change(business.store, business.catalog, 1, {"Quantity": "5"}, by="ann", reason="the meter ran backwards")
    business.rate()
    business.post()
    shop = Shop(business)
    shop.close()
    found = shop.verify()
    assert "  changed by hand: 1 records are taken as they are" in str(found).splitlines()
    assert found.differences == []


def test_a_fee_that_is_owed_without_usage_is_rated_again_and_explained(business, march):
    units = business.catalog_folder / "units.yaml"
    units.write_text(units.read_text().replace("units:\n", "units:\n  each: {decimals: 0}\n"))
    business.declare(
        "charges/fee.yaml", "charge: fee\nuom: each\ncurrency: EUR\npricing: {model: flat_fee, price: 5}\n"
    )
    business.customer("A-2", of="fee")
    business.bill(march)
    assert business.rate().amounts == {"EUR": Decimal("6.63")}
    business.post()
    shop = Shop(business)
    shop.close()
    business.customer("A-3", of="fee")  # who owes it from the next bill run on
    assert shop.verify().differences == []
    (fee,) = business.rows("rated_items WHERE charge = 'fee'", "item_id")
    found = explain(business.store, business.catalog, fee, business.home)
    assert (found.differences, found.lines[-1]) == ([], "amount: 5.00 EUR")


def test_a_bill_run_that_the_store_would_not_have_made_is_found(closed):
    """The guards refuse such a change: here they are switched off, as only the owner of the database could."""
    with closed.business.store.begin() as connection:
        connection.execute(sa.text("ALTER TABLE usage_records_shared DISABLE TRIGGER USER"))
        connection.execute(sa.text("UPDATE usage_records SET quantity = 7"))
    assert closed.verify().differences[0] == "record 1: stored 7 of 3 readings, made again 6.5 of 3"


def test_bill_runs_on_demand_of_batches_and_cancelled_ones_are_made_again(business, march):
    charge = business.catalog_folder / "charges" / "energy.yaml"
    tiers = "{model: tiered, tiers: [{up_to: 5, price: 0.30}, {price: 0.20}]}\ntiming: on_demand\n"
    charge.write_text(charge.read_text().replace("{model: per_unit, price: 0.25}\n", tiers))
    accounts = "account_number,name,currency,time_zone,status,batch\nA-1,Mill,EUR,UTC,Active,north\n"
    business.customer("A-2")
    business.deliver("customers/accounts.csv", accounts + "A-2,Shop 2,EUR,UTC,Active,south\n")
    business.register()
    uploaded(business.store, {"quantity": Decimal(4)}, source_type="API")  # on 10 March
    assert business.rate(target_date=date(2025, 3, 11)).amounts == {"EUR": Decimal("1.20")}
    business.deliver("power/A-2/march.csv", march)
    business.bill(march)
    cancelled = business.rate(batch="south").bill_run_id
    cancel(business.store, cancelled, by="ann", reason="too early")
    assert business.rate(batch="south").amounts == {"EUR": Decimal("1.80")}
    assert business.rate().amounts == {"EUR": Decimal("1.40")}  # 10.5 kWh are 2.60
    business.post()
    shop = Shop(business)
    shop.close()
    assert "  rated items: 3 rated again, in 3 bill runs" in str(shop.verify())
    assert shop.verify().differences == []
