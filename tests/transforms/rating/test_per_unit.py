from decimal import Decimal

from transforms.catalog.pricing import PerUnit
from transforms.rating.lines import worth
from transforms.rating.per_unit import price


def test_every_unit_costs_the_same_and_the_amount_keeps_all_its_digits():
    [line] = price(Decimal("3.5"), PerUnit(model="per_unit", price=Decimal("0.00125")))
    assert (line.tier, line.above, line.up_to, line.units, line.format) == (1, 0, None, Decimal("3.5"), "per_unit")
    assert line.amount == Decimal("0.004375")


def test_no_units_cost_nothing():
    assert worth(price(Decimal(0), PerUnit(model="per_unit", price=Decimal(7)))) == 0
