"""What a load would change is told before, in records, quantity and money, and changes nothing."""

from decimal import Decimal
from fractions import Fraction

from pipeline.usage.diff import describe, diff
from transforms.usage.diff import Part

SECOND = "at,value\n2025-03-20T00:00:00Z,10\n"


def _diff(business):
    before = business.contents()
    found = diff(business.store, business.catalog, *business.prepare())
    assert business.contents() == before
    return found


def _deliver(business, content, name):
    business.deliver(name, content)
    business.extract()


def test_the_first_usage_of_a_period_is_all_added(business, march):
    _deliver(business, march, "power/A-1/march.csv")
    found = _diff(business)
    assert found.parts == {"added": Part(1, Decimal(0), Decimal("6.5"), Decimal("6.5"))}
    assert (found.uom, found.share, found.money) == ("kwh", 0, {})


def test_what_is_loaded_already_is_the_same(business, march):
    business.bill(march)
    assert _diff(business).parts == {"same": Part(1, Decimal("6.5"), Decimal("6.5"), Decimal(0))}


def test_a_correction_is_shown_beside_what_is_added_and_what_stays(business, march):
    for account in ("A-2", "A-3"):
        business.customer(account)
    business.deliver("power/A-2/march.csv", march)
    business.bill(march)
    business.deliver("power/A-3/march.csv", SECOND)
    _deliver(business, SECOND, "power/A-1/more.csv")
    found = _diff(business)
    assert {kind: (part.records, part.before, part.after) for kind, part in found.parts.items()} == {
        "added": (1, 0, 10),
        "changed": (1, Decimal("6.5"), Decimal("16.5")),
        "same": (1, Decimal("6.5"), Decimal("6.5")),
    }
    assert found.share == Fraction(10, 13)
    assert found.money == {}  # nothing was rated yet


def test_what_was_rated_before_is_told_in_money_too(business, march):
    business.bill(march)
    business.rate()
    _deliver(business, SECOND, "power/A-1/more.csv")
    found = _diff(business)
    assert found["changed"] == Part(1, Decimal("6.5"), Decimal("16.5"), Decimal(10))
    assert found.money == {"EUR": Decimal("2.50")}


def test_usage_that_vanishes_is_removed(business, march):
    business.bill(march)
    path = business.inbox / "customers/subscribed_charges.csv"
    path.write_text(path.read_text().replace("Active", "Canceled"))
    business.register()
    found = _diff(business)
    assert found.parts == {"removed": Part(1, Decimal("6.5"), Decimal(0), Decimal("6.5"))}
    assert found.share == 1


def test_an_adjustment_counts_with_the_record_that_it_corrects(business, march):
    business.bill(march)
    business.rate()
    business.bill(SECOND, "power/A-1/more.csv")
    assert _diff(business).parts == {"same": Part(1, Decimal("16.5"), Decimal("16.5"), Decimal(0))}


def test_the_diff_is_kept_with_the_import(business, march):
    business.bill(march)
    business.rate()
    business.bill(SECOND, "power/A-1/more.csv")
    (kept,) = business.rows("imports WHERE superseded_by IS NULL", "diff")
    assert kept == {
        "uom": "kwh",
        "changed": {"records": 1, "before": "6.500000000", "after": "16.500000000"},
        "money": {"EUR": "2.50"},
    }


def test_a_person_reads_it_as_a_table(business, march):
    business.bill(march)
    business.rate()
    _deliver(business, SECOND, "power/A-1/more.csv")
    text = describe(_diff(business), business.catalog.units)
    assert "changed        1         6.5   16.5          10" in text
    assert "153.8% of what is held would change" in text
    assert "in money: 2.50 EUR" in text
