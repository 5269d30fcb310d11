"""Closing a billed period seals what it was made of, and refuses what would not come out again."""

import hashlib
import json

import pytest
import sqlalchemy as sa
from small_business import CHARGE

from pipeline.billing.post import cancel
from pipeline.billing.ready import is_posted
from pipeline.billing.repriced import RepricedError
from pipeline.proof.close import CloseRefusedError, close
from pipeline.proof.seal import BrokenSealError
from pipeline.uploads.process import process
from pipeline.uploads.submit import Upload, submit
from pipeline.usage.delete import Selection, delete
from transforms.period import Period

MARCH_2025 = Period.parse("2025-03")
LATE = "at,value\n2025-03-20T00:00:00Z,2\n"


@pytest.fixture
def billed(business, march):
    """March billed: 6.5 kWh, 1.63 EUR, and exported."""
    business.invoice(march)
    business.export()
    return business


def seal(business):
    return close(business.store, business.catalog, MARCH_2025, business.home, by="ann")


def manifest_of(business, found):
    return json.loads((business.home / "closed" / found.file.path).read_bytes())


def test_a_billed_period_is_sealed_with_its_files_rules_records_items_and_exports(billed):
    found = seal(billed)
    assert found.outcome == "closed"
    sealed = manifest_of(billed, found)
    (landed,) = billed.rows("landed_files", "path")
    content = (billed.home / "readings" / landed).read_bytes()
    (file,) = sealed["meters"]["energy"]["files"].values()
    assert file == {"path": landed, "sha256": hashlib.sha256(content).hexdigest()}
    assert sealed["rules"]["charges"]["energy"]["pricing"] == {"model": "per_unit", "price": "0.25"}
    assert (list(sealed["rules"]["meters"]), list(sealed["rules"]["sources"])) == (["energy"], ["power"])
    assert (sealed["records"]["count"], sealed["records"]["sums"]) == (1, {"kwh": "6.5"})
    assert (sealed["items"]["count"], sealed["items"]["sums"]) == (1, {"EUR": "1.63"})
    assert sorted(each["sha256"] for each in sealed["exports"]) == billed.rows("exports", "sha256")
    assert sealed["bill_runs"] == billed.rows("bill_runs", "bill_run_id")
    assert sealed["former"] is None


def test_a_manifest_is_named_by_the_hash_of_its_bytes_and_noted_in_the_store(billed):
    found = seal(billed)
    content = (billed.home / "closed" / found.file.path).read_bytes()
    name = hashlib.sha256(content).hexdigest()
    assert billed.rows("closed_periods", "period", "sha256", "path", "closed_by") == [
        ("2025-03", name, f"2025-03/{name}.json", "ann")
    ]
    canonical = json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert content.decode() == canonical + "\n"


def test_a_seal_cannot_be_changed_or_removed(billed):
    seal(billed)
    for statement in ("UPDATE closed_periods SET sha256 = ''", "DELETE FROM closed_periods", "TRUNCATE closed_periods"):
        with pytest.raises(sa.exc.DBAPIError, match="is refused"), billed.store.begin() as connection:
            connection.execute(sa.text(statement))


def test_what_is_closed_already_is_not_sealed_again(billed):
    first = seal(billed)
    again = seal(billed)
    assert (again.outcome, again.file) == ("exists", first.file)
    assert len(billed.rows("closed_periods", "sha256")) == 1


def test_closed_again_after_late_usage_was_billed_it_names_the_seal_before(billed):
    first = seal(billed)
    billed.bill(LATE, "power/A-1/late.csv")
    billed.rate()
    billed.post()
    second = seal(billed)
    sealed = manifest_of(billed, second)
    assert sealed["former"] == first.file.sha256
    assert (sealed["records"]["count"], sealed["records"]["sums"]) == (2, {"kwh": "8.5"})
    assert sealed["items"]["sums"] == {"EUR": "2.13"}  # 8.5 at 0.25 is 2.125
    assert manifest_of(billed, first)["former"] is None


def test_a_period_that_is_not_billed_cannot_be_closed(business, march):
    business.bill(march)
    with pytest.raises(CloseRefusedError, match="no bill run yet: run `meterbridge rate 2025-03` first"):
        seal(business)


def test_a_period_with_usage_that_waits_for_a_bill_run_cannot_be_closed(billed):
    billed.bill(LATE, "power/A-1/late.csv")
    with pytest.raises(CloseRefusedError, match="has 1 Pending records"):
        seal(billed)
    assert billed.rows("closed_periods", "sha256") == []


@pytest.fixture
def refused_and_deleted(billed):
    """A price is altered where it stands, so the bill run of late usage is refused; then the late usage is deleted."""
    billed.bill(LATE, "power/A-1/late.csv")
    billed.declare("charges/energy.yaml", CHARGE.replace("0.25", "0.50"))
    with pytest.raises(RepricedError):
        billed.rate()
    (gone,) = billed.rows("usage_records WHERE status = 'Pending'", "record_id")
    delete(billed.store, Selection((gone,)), by="ann", reason="sent twice", dry_run=False)
    return billed


def test_a_refused_bill_run_whose_usage_was_deleted_keeps_a_period_open_until_it_is_rated_as_is_advised(
    refused_and_deleted,
):
    (draft,) = refused_and_deleted.rows("bill_runs WHERE status = 'draft'", "bill_run_id")
    told = rf"not posted: {draft} \(draft\); run `meterbridge rate 2025-03`, by which a draft for which .* goes"
    with pytest.raises(CloseRefusedError, match=told):
        seal(refused_and_deleted)
    refused_and_deleted.declare("charges/energy.yaml", CHARGE)
    assert refused_and_deleted.rate().outcome == "nothing_due"
    assert refused_and_deleted.rows("bill_runs", "status") == ["posted"]


def test_a_refused_bill_run_that_is_cancelled_leaves_the_period_as_posted_as_it_was(refused_and_deleted):
    (draft,) = refused_and_deleted.rows("bill_runs WHERE status = 'draft'", "bill_run_id")
    cancel(refused_and_deleted.store, draft, by="ann", reason="its usage was deleted")
    assert is_posted(refused_and_deleted.store, MARCH_2025)


def test_what_no_bill_run_takes_is_no_part_of_the_seal(billed):
    rows = b"ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\nA-1,hour,3,03/05/2025,,,,\n"
    sent = submit(billed.store, billed.home, Upload("strange.csv", rows), by="ann")
    assert process(billed.store, billed.catalog, billed.home, sent.import_id)["status"] == "Completed"
    found = seal(billed)
    assert str(found).endswith("1 items of 1 bill runs; 1 Pending records are no part of it")
    assert found.manifest.records.count == 1


def test_a_record_that_was_deleted_before_the_bill_run_is_sealed_as_left_out(business, march):
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", march)
    business.bill(march)
    gone, _ = business.rows("usage_records", "record_id")
    delete(business.store, Selection((gone,)), by="ann", reason="a test account", dry_run=False)
    business.rate()
    business.post()
    found = seal(business)
    assert len(found.manifest.meters["energy"].left_out) == 1
    assert found.manifest.records.count == 1


def test_a_deleted_adjustment_keeps_a_period_from_being_closed_until_it_is_made_again(billed):
    billed.bill(LATE, "power/A-1/late.csv")
    (gone,) = billed.rows("usage_records WHERE status = 'Pending'", "record_id")
    delete(billed.store, Selection((gone,)), by="ann", reason="sent twice", dry_run=False)
    told = "an adjustment was deleted since: run `meterbridge run energy 2025-03 --reason …`"
    with pytest.raises(CloseRefusedError, match=told):
        seal(billed)
    billed.load(*billed.prepare(), reason="it was right")
    billed.rate()
    billed.post()
    assert seal(billed).manifest.records.sums == {"kwh": "8.5"}


def test_a_record_that_the_validation_set_aside_is_sealed_as_left_out(business):
    source, meter = (business.catalog_folder / name for name in ("sources/power.yaml", "meters/energy.yaml"))
    source.write_text(source.read_text() + "interval_seconds: 86400\n")
    meter.write_text(meter.read_text() + "coverage: {minimum: 0.9, below: hold}\n")
    days = "".join(f"2025-03-{day:02}T00:00:00Z,1\n" for day in range(1, 32))
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", "at,value\n2025-03-01T00:00:00Z,1\n")
    business.bill("at,value\n" + days)
    business.rate()
    business.post()
    found = seal(business)
    assert len(found.manifest.meters["energy"].left_out) == 1
    assert found.manifest.records.sums == {"kwh": "31"}


def test_readings_of_a_customer_who_was_registered_since_keep_a_period_from_being_closed(business, march):
    business.deliver("power/A-2/march.csv", march)  # whose account nobody knows yet
    business.bill(march)
    business.rate()
    business.post()
    business.customer("A-2")
    with pytest.raises(CloseRefusedError, match="3 readings give usage that is not billed, its ledger tells of 0"):
        seal(business)
    business.load(*business.prepare(), reason="a customer was registered late")
    business.rate()
    business.post()
    assert seal(business).manifest.records.count == 2


def test_what_does_not_come_out_when_it_is_made_again_is_not_sealed(billed):
    billed.count_in("2")
    with pytest.raises(CloseRefusedError, match=r"record 1: stored 6\.5 of 3 readings, made again 13 of 3"):
        seal(billed)
    assert billed.rows("closed_periods", "sha256") == []


def test_a_period_whose_last_manifest_was_changed_is_not_closed_over_it(billed):
    first = seal(billed)
    path = billed.home / "closed" / first.file.path
    path.write_bytes(path.read_bytes().replace(b'"6.5"', b'"7.5"'))
    with pytest.raises(BrokenSealError, match="is not what was sealed: its bytes differ"):
        seal(billed)
