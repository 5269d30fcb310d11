"""A rated item is told from its raw rows to its amount, and each figure is made again from the landed files."""

import pytest
from click.testing import CliRunner

from pipeline.commands.proof import explain as command
from pipeline.proof.close import close
from pipeline.proof.explain import UnknownItemError, explain
from pipeline.proof.remake import FilesGoneError
from transforms.period import Period

LATE = "at,value\n2025-03-20T00:00:00Z,2\n"
MIXED = (
    "at,value\n"
    "2025-02-28T23:59:59Z,8\n"  # outside
    "2025-03-01T00:00:00Z,1\n"
    "2025-03-02T00:00:00Z,2\n"
    "2025-03-02T00:00:00Z,2\n"  # a repeat
    "2025-03-03T00:00:00Z,70\n"  # filtered
    "2025-03-04T00:00:00Z,3\n"
    "2025-03-05T00:00:00Z,4\n"
    "2025-03-06T00:00:00Z,5\n"
    "2025-03-07T00:00:00Z,6\n"
    "2025-03-08T00:00:00Z,7\n"
    "2025-04-01T00:00:00Z,9\n"  # outside
)


def told(business, item=1):
    return explain(business.store, business.catalog, item, business.home)


def test_every_figure_from_the_rows_to_the_amount_is_told(business, march):
    business.invoice(march)
    found = told(business)
    assert found.differences == []
    lines = [line.strip() for line in found.lines]
    for expected in (
        "item 1: 1.63 EUR for 2025-03",
        "account A-1, subscription S-1, charge C-1 (energy)",
        "usage record 1: 6.5 kwh, Processed",
        "rule: sum of source power",
        "filter: none",
        "duplicates: keep",
        "rows of this charge: 3 used, 0 filtered, 0 repeats, 0 outside",
        "derived: 6.5 kwh, of 3 readings",
        "factor: times 1 is 6.5 kwh",
        "rounded: 6.5, to 9 decimals, half_up",
        "stored: 6.5, as made again",
        "priced: 6.5 kwh, to 3 decimals, up",
        "tier 1, above 0: 6.5 at 0.25 = 1.625",
        "together: 1.625; rounded, to 2 decimals, half_up: 1.63",
        "amount: 1.63 EUR",
    ):
        assert expected in lines
    assert str(found).endswith("every figure comes out as it is stored")


def test_the_raw_file_is_named_with_its_hash_and_the_rows_with_their_numbers(business, march):
    business.invoice(march)
    text = str(told(business))
    ((uri, sha256),) = business.rows("arrivals", "uri", "sha256")
    assert f"    from {uri}, sha256 {sha256}\n" in text
    assert business.rows("landed_files", "path")[0] in text
    assert "    1       2  2025-03-15T12:00:00+00:00      2\n" in text


def test_rows_that_are_filtered_repeated_or_outside_the_window_are_counted_and_the_ends_of_the_others_shown(business):
    source = business.catalog_folder / "sources" / "power.yaml"
    source.write_text(source.read_text().replace("duplicates: keep", "duplicates: exact"))
    meter = business.catalog_folder / "meters" / "energy.yaml"
    meter.write_text(meter.read_text().replace("function: sum", "function: sum, filter: {maximum: 50}"))
    business.invoice(MIXED)
    found = told(business)
    assert "    rows of this charge: 7 used, 1 filtered, 1 repeats, 2 outside" in found.lines
    assert "  filter: maximum 50" in found.lines
    assert "  derived: 28 kwh, of 7 readings" in found.lines
    (table,) = [line.splitlines() for line in found.lines if "file  row" in line]
    assert [int(row.split()[1]) for row in table[1:]] == [2, 3, 6, 8, 9, 10]


def test_the_window_is_told_on_the_clock_of_the_account(business):
    business.customer("A-2", time_zone="America/New_York")
    business.invoice("at,value\n2025-03-01T05:00:00Z,1\n", "power/A-2/march.csv")
    window = "[2025-03-01T00:00:00-05:00, 2025-04-01T00:00:00-04:00), on the account's clock, America/New_York"
    assert f"  window: {window}" in told(business).lines
    assert "  1       1  2025-03-01T00:00:00-05:00      1" in str(told(business))


def test_an_adjustment_tells_what_it_corrects_and_the_group_what_was_billed_before(business, march):
    business.invoice(march)
    business.invoice(LATE, "power/A-1/late.csv")
    found = told(business, 2)
    assert found.differences == []
    assert "  corrects record 1: 8.5 now, 6.5 before" in found.lines
    assert "  sum: 6.5 + 2 = 8.5 kwh" in found.lines
    assert found.lines[-3:] == ["  billed before by item 1: 1.63", "  billed before: 1.63", "amount: 0.50 EUR"]
    assert told(business, 1).differences == []


def test_the_tiers_are_told_one_by_one(business, march):
    pricing = "{model: tiered, tiers: [{up_to: 5, price: 0.3}, {price: 0.2, flat: 1}]}"
    business.declare("charges/energy.yaml", f"charge: energy\nuom: kwh\ncurrency: EUR\npricing: {pricing}\n")
    business.invoice(march)
    lines = told(business).lines
    start = lines.index("  tier 1, above 0 up to 5: 5 at 0.3 = 1.5")
    assert lines[start + 1 : start + 4] == [
        "  tier 2, above 5: 1.5 at 0.2 = 0.3",
        "  tier 2, above 5: flat 1",
        "  together: 2.8; rounded, to 2 decimals, half_up: 2.80",
    ]


def test_a_tier_that_was_adjusted_and_bounded_is_told_change_by_change(business, march):
    row = "{when: {Region: north}, effective: '2025-01-01T00:00:00Z', adjustment: -10%%, tiers: [%s]}"
    tiers = "{up_to: 5, price: 0.3, minimum: 1.5}, {price: 0.2, maximum: 0.25}"
    pricing = f"{{model: dynamic, base: tiered, attributes: {{Region: REGION__c}}, table: [{row % tiers}]}}"
    head = "charge: energy\nuom: kwh\ncurrency: EUR\nrating_group: record\n"
    business.declare("charges/energy.yaml", f"{head}pricing: {pricing}\n")
    meter = (business.catalog_folder / "meters/energy.yaml").read_text()
    business.declare("meters/energy.yaml", meter.replace("kwh}", "kwh, custom_fields: {REGION__c: north}}"))
    business.invoice(march)
    found = told(business)
    assert found.differences == []
    start = found.lines.index("  tier 1, above 0 up to 5: 5 at 0.3 = 1.5")
    assert found.lines[start + 1 : start + 7] == [
        "  tier 1, above 0 up to 5: adjusted by -0.15",
        "  tier 1, above 0 up to 5: brought to its minimum by 0.15",
        "  tier 2, above 5: 1.5 at 0.2 = 0.3",
        "  tier 2, above 5: adjusted by -0.03",
        "  tier 2, above 5: brought to its maximum by -0.02",
        "  together: 1.75; rounded, to 2 decimals, half_up: 1.75",
    ]


def test_a_figure_that_does_not_come_out_is_told_and_the_command_fails(named, march):
    named.invoice(march)
    named.count_in("2")
    found = told(named)
    assert found.differences == [
        "record 1: stored 6.5, made again 13; the rules or the customers were changed since, or a file is damaged"
    ]
    done = CliRunner().invoke(command, ["1"])
    assert done.exit_code == 1
    assert f"DIFFERS: {found.differences[0]}" in done.output
    assert "every figure comes out" not in done.output


def test_once_its_period_is_closed_an_item_is_told_by_the_rules_that_were_sealed(business, march):
    business.invoice(march)
    sealed = close(business.store, business.catalog, Period.parse("2025-03"), business.home, by="ann")
    business.count_in("2")
    business.deliver("power/A-1/late.csv", LATE)
    business.extract()
    business.load(*business.prepare(), reason="the transformer counts double")
    business.rate()
    assert told(business).differences == []
    assert f"  made again by the rules that were sealed as {sealed.file.sha256}" in told(business).lines
    later = told(business, 2)  # 8.5 twice is 17
    assert "  made again by the rules of the catalog as it is now" in later.lines
    assert "  corrects record 1: 17 now, 6.5 before" in later.lines


def test_a_changed_price_is_told_in_the_money(business, march):
    business.invoice(march)
    charge = business.catalog_folder / "charges" / "energy.yaml"
    charge.write_text(charge.read_text().replace("0.25", "1"))
    (difference,) = told(business).differences
    assert '"amount":"1.63"' in difference
    assert '"amount":"6.5"' in difference


def test_a_landed_file_that_cannot_be_read_is_said_plainly(business, march):
    business.invoice(march)
    (path,) = business.rows("landed_files", "path")
    (business.home / "readings" / path).write_bytes(b"damaged")
    with pytest.raises(FilesGoneError, match="meter energy, period 2025-03: a landed file cannot be read; restore it"):
        told(business)


def test_an_item_that_is_not_there_is_said_plainly(business):
    with pytest.raises(UnknownItemError, match="there is no rated item 7"):
        told(business, 7)
