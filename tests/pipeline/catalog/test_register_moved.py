"""What is in use stays whose it is, on its clock: late usage would else be billed twice, or stop the bill run."""

import pytest
from small_business import ACCOUNTS, CHARGES

from pipeline.catalog.register import RegisterError

FEE = "charge: fee\nuom: each\ncurrency: EUR\npricing: {model: flat_fee, price: 5}\n"
POWER = "charge: power\nuom: kwh\ncurrency: EUR\npricing: {model: per_unit, price: 0.5}\n"
ELSEWHERE = ACCOUNTS.replace("UTC", "Europe/Berlin")


def registers(business, accounts=ACCOUNTS, charges=CHARGES):
    business.deliver("customers/accounts.csv", accounts)
    business.deliver("customers/subscribed_charges.csv", charges)
    business.register()


def refused(business, match, **files):
    before = business.contents()
    with pytest.raises(RegisterError, match=match):
        registers(business, **files)
    assert business.contents() == before


def test_an_account_with_usage_keeps_its_time_zone(business, march):
    registers(business, accounts=ELSEWHERE)
    registers(business)
    business.bill(march)
    told = (
        "charge C-1 has usage or bills of billing periods that begin on day 1 of every month, UTC; they cannot begin at"
    )
    refused(business, told, accounts=ELSEWHERE)


def test_so_does_one_that_was_billed_a_fee_alone(business, march):
    business.declare("units.yaml", "units: {kwh: {decimals: 3}, each: {}}\ncurrencies: {EUR: {}}\n")
    business.declare("charges/fee.yaml", FEE)
    charges = CHARGES.replace("energy", "fee")
    registers(business, charges=charges)
    business.bill(march)
    assert business.rate().amounts == {"EUR": 5}
    refused(business, "charge C-1 has usage or bills", accounts=ELSEWHERE, charges=charges)
    refused(business, "charge number C-1 has usage or bills as charge fee of account A-1, subscription S-1")


@pytest.mark.parametrize(("before", "after"), [("energy", "power"), ("S-1", "S-2"), (",A-1,", ",A-2,")])
def test_a_charge_number_with_usage_is_never_anothers(business, march, before, after):
    business.declare("charges/power.yaml", POWER)
    both = ACCOUNTS + "A-2,Farm,EUR,UTC,Active\n"
    business.bill(march)
    told = "charge number C-1 has usage or bills as charge energy of account A-1, subscription S-1, and cannot be"
    refused(business, told, accounts=both, charges=CHARGES.replace(before, after))


def test_what_is_not_in_use_moves_as_it_likes(business):
    business.declare("charges/power.yaml", POWER)
    registers(business, accounts=ELSEWHERE, charges=CHARGES.replace("energy", "power").replace("S-1", "S-2"))
    assert business.rows("subscribed_charges", "charge_number", "subscription_number", "charge") == [
        ("C-1", "S-2", "power")
    ]
