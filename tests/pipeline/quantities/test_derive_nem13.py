"""Accumulated readings of the Australian market, by the recipe of `docs/sources.md`.

The records are those of aguinane/nem-reader, commit fa33c2a, `Example_NEM13_*.csv`; MIT: `tests/data/nem12/LICENSE`.
"""

from decimal import Decimal

import pytest
from pages_of_docs import blocks, page

RECIPE = next(text for text in blocks(page("sources"), "yaml") if "source: registers" in text)
METER = """
meter: energy
owner: billing@example.com
source: registers
derive: {function: sum}
map: {charge: energy, unit: kwh}
"""
READ = """100,NEM13,200401101030,MDA1,Ret1
250,VABC005890,11,1,11,11,METSER123,E,006342.8,20031005093055,A,,,007654.9,20040107100333,A,,,1312.1,kWh,20040407, \
20040108100333,20040108091133
900
""".replace("\\\n", "")
ESTIMATED = """100,NEM13,200401101030,MDA1,Ret1
250,VDEF005890,1141,1,11,11,MET12345,E,000888,20040108103055,A,,,000999,20040408000000,E64,,,111,kWh,20040408, \
20040409000000,20040109103023
550,N,,E,
250,VDEF005890,1141,2,41,41,MET5678,E,0000950,20040108103055,A,,,0010015,20040408000000,E64,,,65,kWh,20040408, \
20040409000000,20040109103023
550,N,,E,
900
""".replace("\\\n", "")


@pytest.fixture
def registers(business):
    """Give each register a charge of its own, and land these files."""
    business.declare("sources/registers.yaml", RECIPE)
    business.declare("meters/energy.yaml", METER)
    for nmi, suffix in (("VABC005890", "11"), ("VDEF005890", "11"), ("VDEF005890", "41")):
        _subscribe(business, nmi, suffix)
    business.register()

    def land(*texts):
        for number, text in enumerate(texts):
            business.deliver(f"nem13/{number}.csv", text)
        return business.extract("registers")

    return land


def _subscribe(business, nmi, suffix):
    """Add a site on the market's clock, and a charge of it for one register."""
    site, charge = f"{nmi},Site,EUR,Australia/Brisbane,Active", f"{nmi}-{suffix},{suffix},{nmi},energy"
    rows = {"accounts": site, "subscribed_charges": f"{charge},2000-01-01T00:00:00Z,,Active"}
    for name, row in rows.items():
        path = business.inbox / "customers" / f"{name}.csv"
        if row not in path.read_text():
            path.write_text(f"{path.read_text()}{row}\n")


def test_what_a_register_counted_is_billed_in_the_month_in_which_it_began_to(business, registers):
    found = registers(READ, ESTIMATED)
    assert (found.readings, found.rows_quarantined, found.rows_left_out) == (3, 0, 4)  # records 550 and 900
    business.run(period="2003-10")
    business.run(period="2004-01")
    assert business.quantities() == [
        ("VABC005890-11", "2003-10", Decimal("1312.1"), 1),
        ("VDEF005890-11", "2004-01", Decimal(111), 1),
        ("VDEF005890-41", "2004-01", Decimal(65), 1),
    ]


def test_the_actual_reading_replaces_the_estimate_from_the_same_reading_on(business, registers):
    actual = ESTIMATED.replace("000999,20040408000000,E64,,,111", "000995,20040406091500,A,,,107")
    registers(ESTIMATED, actual.replace("20040409000000", "20040410000000"))
    business.run(period="2004-01")
    assert [(number, quantity) for number, _, quantity, _ in business.quantities()] == [
        ("VDEF005890-11", Decimal(107)),
        ("VDEF005890-41", Decimal(65)),
    ]
