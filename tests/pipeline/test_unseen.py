"""A file of a shape that nobody has seen and a declaration that nobody has written: no Python is touched."""

import csv
import gzip
from decimal import Decimal

import pytest

UNITS = """
units:
  cubic_metre: {decimals: 3, aliases: {litre: 1/1000}}
currencies:
  CHF: {decimals: 2}
"""
CHARGE = """
charge: warmwasser
uom: cubic_metre
currency: CHF
pricing: {model: tiered, tiers: [{up_to: 1, price: 4.50}, {price: 7.25}]}
"""
METER = """
meter: warmwasser
owner: werke@example.com
source:
  files: zaehler/*/ablesung-*.txt.gz
  format: {kind: csv, delimiter: ";", encoding: latin-1, skip_lines: 2}
  columns: {account: Kundennummer, at: Ablesezeit, value: "Verbrauch (l) für Küche", event_id: Beleg}
  value: {decimal_mark: ",", thousands_mark: ".", nulls: ["", "k. A."]}
  time: {format: "%d.%m.%Y %H:%M", zone: Europe/Zurich, fold: in_order}
  duplicates: exact
  quarantine_limit: 0.25
derive: {function: sum}
map:
  charge: warmwasser
  unit: litre
  description: "{readings} Ablesungen"
"""
ACCOUNTS = "account_number,name,currency,time_zone,status\nK-7,Gasthof Löwen,CHF,Europe/Zurich,Active\n"
CHARGES = (
    "charge_number,subscription_number,account_number,charge,start_at,end_at,status\n"
    "W-7,V-7,K-7,warmwasser,2024-01-01T00:00:00+01:00,,Active\n"
)
# October 2024 in Zurich ends the summer time: 02:30 on the 27th is shown twice.
READINGS = [
    ("B1", "30.09.2024 23:59", "9.999,9"),  # September
    ("B2", "01.10.2024 00:00", "1.234,567"),
    ("B3", "27.10.2024 02:30", "0,4"),
    ("B4", "27.10.2024 02:30", "0,4"),  # the same clock time an hour later: another event
    ("B4", "27.10.2024 02:30", "0,4"),  # sent twice
    ("B5", "31.10.2024 23:59", "265,133"),
    ("B6", "01.11.2024 00:00", "9.999,9"),  # November
    ("B7", "15.10.2024 12:00", "1137.5"),  # the decimal point of another country
    ("B8", "15.10.2024 13:00", "k. A."),
]


@pytest.fixture
def waterworks(business, new_store, tmp_path):
    """The declarations and one delivery; the catalog holds nothing else."""
    made = type(business)(new_store(), tmp_path / "waterworks")
    for path in made.catalog_folder.rglob("*.yaml"):
        path.unlink()
    made.declare("units.yaml", UNITS)
    made.declare("charges/warmwasser.yaml", CHARGE)
    made.declare("meters/warmwasser.yaml", METER)
    made.deliver("customers/accounts.csv", ACCOUNTS)
    made.deliver("customers/subscribed_charges.csv", CHARGES)
    made.register()
    lines = ["Stadtwerke Zürich", "Export;vom 2. November", "Kundennummer;Beleg;Verbrauch (l) für Küche;Ablesezeit"]
    lines += [f"K-7;{event};{value};{at}" for event, at, value in READINGS]
    made.deliver("zaehler/2024/ablesung-1.txt.gz", gzip.compress("\r\n".join(lines).encode("latin-1")))
    return made


def test_a_file_and_a_declaration_never_seen_before_run_from_raw_rows_to_the_export(waterworks):
    found = waterworks.extract("warmwasser")
    assert (found.landed, found.readings, found.rows_quarantined) == (1, 7, 2)
    assert waterworks.rows("quarantined_rows", "row", "reason") == [(8, "unreadable_value"), (9, "missing_value")]
    loaded = waterworks.run("warmwasser", "2024-10")
    assert (loaded.outcome, loaded.records) == ("created", 1)
    # 1234.567 + 0.4 + 0.4 + 265.133 litres are 1.5005 cubic metres; B4 counts once
    assert waterworks.rows("usage_records", "quantity", "uom", "readings", "description") == [
        (Decimal("1.5005"), "cubic_metre", 4, "4 Ablesungen")
    ]
    assert waterworks.rows("ledger_lines", "place", "reason", "rows") == [("duplicate", "same_content", 1)]
    # rounded up to 1.501: 1 at 4.50 and 0.501 at 7.25 are 4.50 + 3.63225 CHF
    assert waterworks.rate("2024-10").amounts == {"CHF": Decimal("8.13")}
    usage, *_ = waterworks.export("2024-10")
    with (waterworks.home / "exports" / usage.path).open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["account_name"], Decimal(row["quantity"]), row["status"]) == (
        "Gasthof Löwen",
        Decimal("1.5005"),
        "Processed",
    )
    assert (row["start_at"], row["end_at"]) == ("2024-09-30 22:00:00+00", "2024-10-31 23:00:00+00")


def test_its_neighbouring_months_hold_what_lies_outside(waterworks):
    waterworks.extract("warmwasser")
    for period in ("2024-09", "2024-11"):
        waterworks.run("warmwasser", period)
    assert waterworks.rows("usage_records", "period", "quantity") == [
        ("2024-09", Decimal("9.9999")), ("2024-11", Decimal("9.9999"))
    ]  # fmt: skip
