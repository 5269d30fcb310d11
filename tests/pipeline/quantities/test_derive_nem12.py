"""The real meter files of `tests/data/nem12` through a meter: a charge for each channel, and the last word holds."""

from collections import defaultdict
from decimal import Decimal

import pytest

from pipeline.settings import PROJECT

DATA = PROJECT / "tests" / "data" / "nem12"
SOURCE = """
source: power
files: power/*
format: {kind: nem12}
columns:
  at: start
  value: value
  account: nmi
  subscription: suffix
  event_id: interval
  revision: revision
  attributes: {quality: quality}
time: {zone: Australia/Brisbane}
duplicates: exact
interval_seconds: 300
quarantine_limit: 1
"""


@pytest.fixture
def metered(business):
    """Give every channel a charge of its own, and bill a month of the files that are delivered."""

    def run(channels, period, files):
        accounts = sorted({account for account, _ in channels})
        rows = {
            "accounts": [f"{account},Site,EUR,Australia/Brisbane,Active" for account in accounts],
            "subscribed_charges": [
                f"{account}-{suffix},{suffix},{account},energy,2000-01-01T00:00:00Z,,Active"
                for account, suffix in channels
            ],
        }
        for name, lines in rows.items():
            path = business.inbox / "customers" / f"{name}.csv"
            path.write_text("\n".join([path.read_text().splitlines()[0], *lines, ""]))
        business.register()
        business.declare("sources/power.yaml", SOURCE)
        for name, text in files.items():
            business.deliver(f"power/{name}", text)
            business.extract()
        business.run(period=period)
        return {number: (quantity, readings) for number, _, quantity, readings in business.quantities()}

    return run


def example(name):
    return (DATA / f"Example_NEM12_{name}.csv").read_text()


def plain_sums(text):
    """Add up channels by nothing but commas: the values stand between the day and the first letter."""
    found = defaultdict(lambda: [Decimal(0), 0])
    for line in text.splitlines():
        fields = line.strip().split(",")
        if fields[0] == "200":
            channel, per = f"{fields[1]}-{fields[4]}", Decimal(1000 if fields[7].lower() == "wh" else 1)
        elif fields[0] == "300":
            values = fields[2 : 2 + next(place for place, field in enumerate(fields[2:]) if field.isalpha())]
            found[channel][0] += sum(map(Decimal, values)) / per
            found[channel][1] += len(values)
    return {channel: tuple(figures) for channel, figures in found.items()}


SOLAR = [("NMI1234567", "B1"), ("NMI1234567", "E1")]


def test_what_a_roof_gave_and_a_house_took_in_a_month_are_two_charges(metered):
    found = metered(SOLAR, "2023-03", {"solar.csv": example("month_solar")})
    assert found == plain_sums(example("month_solar"))
    assert {readings for _, readings in found.values()} == {31 * 288}


@pytest.mark.parametrize("estimate_first", [True, False])
def test_what_was_estimated_is_replaced_and_never_added(business, metered, estimate_first):
    # The same day of the roof, estimated at 9 kWh every five minutes, a day before it was read.
    day = ",".join(["9"] * 288)
    estimate = (
        "100,NEM12,202303021000,WBAYM,\n200,NMI1234567,B1E1,B1,B1,B1,SERNO1234,kWh,5,\n"
        f"300,20230301,{day},E64,,,20230302093000\n900\n"
    )
    files = {"estimate.csv": estimate, "solar.csv": example("month_solar")}
    ordered = files if estimate_first else dict(reversed(files.items()))
    assert metered(SOLAR, "2023-03", ordered) == plain_sums(example("month_solar"))
    assert business.ledger()[1] == {("pending", ""): 2 * 31 * 288, ("superseded", "later_revision"): 288}


def test_a_day_of_three_qualities_counts_whole(metered):
    text = example("multiple_quality")
    assert metered([("CCCC123456", "E1")], "2004-04", {"quality.csv": text}) == plain_sums(text)


def test_a_channel_in_another_unit_is_quarantined_row_by_row(business, metered):
    text = example("actual_interval")
    found = metered([("VABD000163", "E1"), ("VABD000163", "Q1")], "2004-02", {"actual.csv": text})
    assert found == {"VABD000163-E1": plain_sums(text)["VABD000163-E1"]}
    assert business.rows("landed_files", "readings", "quarantined") == [(48, 48)]


def test_a_channel_that_nobody_subscribed_to_is_quarantined_by_name(business, metered):
    text = example("month_solar")
    assert metered(SOLAR[1:], "2023-03", {"solar.csv": text}).keys() == {"NMI1234567-E1"}
    assert business.ledger()[1] == {("pending", ""): 31 * 288, ("quarantined", "unknown_subscription"): 31 * 288}
