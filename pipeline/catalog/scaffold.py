"""A new meter to start from: its YAML file and a scenario that passes, both made to be changed."""

import re
from pathlib import Path

from pipeline.catalog.catalog import Catalog
from pipeline.catalog.documents import nearest
from transforms.catalog.charge import Charge
from transforms.catalog.definition import NAME, NAME_IN_WORDS
from transforms.errors import MeterbridgeError

METER = """\
meter: {name}
description: What a month of {name} is, in one sentence
owner: you@example.com
source:
  files: {name}/{{account}}/*.csv
  columns:
    at: at
    value: value
  time:
    zone: UTC
  duplicates: reject
derive:
  function: sum
map:
  charge: {charge}
  unit: {uom}
"""
SCENARIO = """\
story: Three readings of February become one record of {charge}
meters: [{name}]
periods: [2014-02]
"""
READINGS = "at,value\n2014-02-01T00:00:00Z,1\n2014-02-14T12:00:00Z,2\n2014-02-28T23:59:59Z,3.5\n"
ACCOUNTS = "account_number,name,currency,time_zone,status\nA-1,Example,{currency},UTC,Active\n"
CHARGES = (
    "charge_number,subscription_number,account_number,charge,start_at,end_at,status\n"
    "C-1,S-1,A-1,{charge},2014-01-01T00:00:00+00:00,,Active\n"
)
USAGE = "account_number,charge_number,uom,quantity,readings\nA-1,C-1,{uom},6.5,3\n"


class ScaffoldError(MeterbridgeError):
    """A meter of that name cannot be started; the message says why."""


def new_meter(name: str, charge_name: str | None, catalog: Path, scenarios: Path) -> list[Path]:
    """Write a meter that bills a charge (default: the one of its name, else the first), and a scenario of it."""
    charge = _charge(Catalog.read(catalog, None), name, charge_name)
    words = {"name": name, "charge": charge.charge, "uom": charge.uom, "currency": charge.currency}
    story = scenarios / name
    texts = {
        catalog / "meters" / f"{name}.yaml": METER,
        story / "scenario.yaml": SCENARIO,
        story / "inbox" / name / "A-1" / "readings.csv": READINGS,
        story / "inbox" / "customers" / "accounts.csv": ACCOUNTS,
        story / "inbox" / "customers" / "subscribed_charges.csv": CHARGES,
        story / "expected" / "usage.csv": USAGE,
    }
    if taken := [path for path in texts if path.exists()]:
        raise ScaffoldError(f"{taken[0]} is there already; choose another name, or change that file")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(**words) if "{" in text else text, encoding="utf-8")
    return list(texts)


def _charge(catalog: Catalog, name: str, charge: str | None) -> Charge:
    if not re.fullmatch(NAME, name):
        raise ScaffoldError(f"{name!r} is no name for a meter; write {NAME_IN_WORDS}")
    if name in catalog.sources:
        raise ScaffoldError(f"there is a source {name!r} already; choose another name for the meter")
    wanted = charge or (name if name in catalog.charges else min(catalog.charges))
    if wanted not in catalog.charges:
        raise ScaffoldError(f"there is no charge {wanted!r} in the catalog{nearest(wanted, set(catalog.charges))}")
    return catalog.charges[wanted]
