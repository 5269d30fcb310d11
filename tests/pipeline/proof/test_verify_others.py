"""Verifying makes again what no meter brought: uploads, calls, changes by hand, fees, and bill runs in parts."""

from datetime import date
from decimal import Decimal

from billed_march import HEADER, Shop, flip
from uploaded_usage import uploaded

from pipeline.billing.post import cancel
from pipeline.proof.explain import explain
from pipeline.uploads.create import create
from pipeline.usage.change import change


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
