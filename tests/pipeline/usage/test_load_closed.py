"""Who is closed after a bill run keeps what was billed, and keeps nobody else's late usage from being billed."""

from decimal import Decimal

import pytest
from small_business import CHARGES

from pipeline.proof.close import close
from pipeline.proof.verify import verify
from transforms.period import Period

LATE = "at,value\n2025-03-20T00:00:00Z,1\n"
MARCH = Period.parse("2025-03")


@pytest.fixture
def two(business, march):
    """Two accounts of which March is billed: 6.5 kWh each."""
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", march)
    business.invoice(march)
    return business


def end(business, file, before, after):
    """Change how a row of a customer file ends, and register."""
    path = business.inbox / "customers" / file
    assert before in path.read_text()
    business.deliver(f"customers/{file}", path.read_text().replace(before, after))
    business.register()


@pytest.fixture(params=["account", "charge"])
def closed(two, request):
    """The second account was closed since, or its charge is."""
    rows = {
        "account": ("accounts.csv", "Shop 2,EUR,UTC,Active", "Shop 2,EUR,UTC,Closed"),
        "charge": (
            "subscribed_charges.csv",
            "S-2,A-2,energy,2020-01-01T00:00:00Z,,Active",
            "S-2,A-2,energy,2020-01-01T00:00:00Z,,Expired",
        ),
    }
    end(two, *rows[request.param])
    return two


def test_late_usage_of_others_is_billed_although_somebody_billed_was_closed_since(closed):
    assert closed.bill(LATE, "power/A-1/late.csv").outcome == "adjusted"
    assert closed.rate().amounts == {"EUR": Decimal("0.25")}
    assert closed.ledger() == (7, {("billed", ""): 7})


def test_late_usage_of_who_was_closed_waits_and_is_billed_once_they_are_active_again(closed):
    assert closed.bill(LATE, "power/A-2/late.csv").outcome == "adjusted"
    assert closed.rate().outcome == "nothing_due"
    assert closed.ledger() == (7, {("billed", ""): 6, ("pending", ""): 1})
    for file, word in (("accounts.csv", "Closed"), ("subscribed_charges.csv", "Expired")):
        path = closed.inbox / "customers" / file
        path.write_text(path.read_text().replace(word, "Active"))
    closed.register()
    assert closed.rate().amounts == {"EUR": Decimal("0.25")}


def test_what_somebody_was_billed_who_is_closed_now_is_made_again_and_verified(closed):
    close(closed.store, closed.catalog, MARCH, closed.home, by="ann")
    assert verify(closed.store, MARCH, closed.home).differences == []


def test_usage_of_who_was_closed_before_the_bill_run_is_not_billed(business, march):
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", march)
    business.bill(march)
    end(business, "accounts.csv", "Shop 2,EUR,UTC,Active", "Shop 2,EUR,UTC,Closed")
    business.bill(LATE, "power/A-1/late.csv")
    assert business.ledger() == (7, {("pending", ""): 4, ("quarantined", "account_not_active"): 3})


@pytest.mark.parametrize("reason", ["", "it ended in March"])
def test_an_end_before_what_was_billed_waits_by_name_and_late_usage_of_others_is_billed(two, reason):
    ended = CHARGES.splitlines()[1].replace("Z,,", "Z,2025-03-16T00:00:00Z,")
    end(two, "subscribed_charges.csv", CHARGES.splitlines()[1], ended)
    two.deliver("power/A-2/late.csv", LATE)
    two.extract()
    assert two.load(*two.prepare(), reason=reason).outcome == "adjusted"
    run = two.rate()
    assert (run.amounts, len(run.left_pending)) == ({"EUR": Decimal("0.25")}, 1)
    assert "charge C-1: it would take back 3.5 kwh of what was billed" in run.left_pending[0]
