from datetime import UTC, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from small_business import METER, SOURCE

from pipeline import artefact, steps
from pipeline.quantities.situation import PeriodNotEndedError, require_ended
from pipeline.readings.reading import LacksAttributeError
from pipeline.readings.replay import replay
from transforms.period import Period

MARCH = Period.parse("2025-03")


def _derive(business, at, meter="energy", period=MARCH):
    catalog = business.catalog
    return steps.derive(business.store, catalog, catalog.meter(meter), period, business.home, at=at)


@pytest.mark.parametrize(
    ("at", "refused"),
    [
        (datetime(2025, 3, 15, tzinfo=UTC), True),
        (datetime(2025, 4, 1, 11, 59, 59, tzinfo=UTC), True),
        (datetime(2025, 4, 1, 12, tzinfo=UTC), False),
    ],
)
def test_a_month_is_over_when_it_is_over_in_the_last_time_zone(business, at, refused):
    if refused:
        with pytest.raises(PeriodNotEndedError, match=r"2025-03 ends at 2025-04-01 12:00 UTC in the last time zone"):
            _derive(business, at)
    else:
        assert _derive(business, at).is_file()


def test_a_period_in_the_future_is_refused_and_leaves_nothing(business, now):
    before = business.contents()
    with pytest.raises(PeriodNotEndedError, match="2099-01"):
        _derive(business, now, period=Period.parse("2099-01"))
    assert business.contents() == before
    assert not (business.home / "work").exists()


def test_december_ends_in_the_next_year():
    with pytest.raises(PeriodNotEndedError, match=r"2025-12 ends at 2026-01-01 12:00 UTC"):
        require_ended(Period.parse("2025-12"), datetime(2026, 1, 1, tzinfo=UTC))


def test_a_month_without_readings_has_no_quantity_and_nothing_landed(business, now):
    table, about = artefact.read(_derive(business, now))
    assert (table.num_rows, about["landed"], about["lines"], about["files"]) == (0, 0, [], [])


def test_the_same_readings_give_the_same_artefact(business, march, now):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    first = _derive(business, now)
    content = first.read_bytes()
    second = _derive(business, datetime(2030, 1, 1, tzinfo=UTC))
    assert (second, second.read_bytes()) == (first, content)
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_the_order_of_arrival_does_not_change_the_artefact_but_for_the_files(business, new_store, tmp_path, now):
    first, second = ("at,value\n2025-03-01T00:00:00Z,0.1\n", "at,value\n2025-03-09T00:00:00Z,0.2\n")
    other = type(business)(new_store(), tmp_path / "other")
    for each, texts in ((business, (first, second)), (other, (second, first))):
        for number, text in enumerate(texts):
            each.deliver(f"power/A-1/{number}.csv", text)
            each.extract()
    assert _derive(business, now).name == _derive(other, now).name


def test_the_month_is_cut_on_the_accounts_clock(business):
    business.customer("A-2", time_zone="Europe/Berlin")
    stamps = ("2025-02-28T23:00:00Z", "2025-03-31T21:59:59Z", "2025-03-31T22:00:00Z")  # Berlin: first, last, April
    text = "at,value\n" + "".join(f"{at},{value}\n" for at, value in zip(stamps, (1, 10, 100), strict=True))
    business.deliver("power/A-1/x.csv", text)
    business.deliver("power/A-2/x.csv", text)
    business.extract()
    business.run()
    assert business.quantities() == [("C-1", "2025-03", Decimal(110), 2), ("C-2", "2025-03", Decimal(11), 2)]


def test_files_of_other_months_are_not_read(business, march, now):
    business.deliver("power/A-1/march.csv", march)
    business.deliver("power/A-1/july.csv", "at,value\n2025-07-04T00:00:00Z,1000\n")
    business.extract()
    (july,) = business.rows("landed_files WHERE at_us_min > 1750000000000000", "path")
    (business.home / "readings" / july).unlink()
    table, about = artefact.read(_derive(business, now))
    assert (table["numerator"].to_pylist(), len(about["files"])) == (["6.500000000000000000"], 1)


def test_an_average_carries_its_exact_numerator_and_denominator(business, now):
    business.declare(
        "meters/energy.yaml",
        "meter: energy\nowner: a\nsource: power\nderive: {function: average}\nmap: {charge: energy, unit: kwh}\n",
    )
    business.deliver(
        "power/A-1/march.csv", "at,value\n" + "".join(f"2025-03-0{day}T00:00:00Z,{day}\n" for day in (1, 3, 6))
    )
    business.extract()
    (row,) = artefact.read(_derive(business, now))[0].to_pylist()
    assert (Decimal(row["numerator"]), row["denominator"], row["readings"]) == (Decimal(10), 3, 3)
    business.run()
    assert business.quantities() == [("C-1", "2025-03", Decimal("3.333333333"), 3)]


def test_an_unknown_account_is_quarantined_by_name_until_it_is_registered(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.deliver("power/A-7/march.csv", march)
    business.extract()
    business.run()
    assert business.rows("ledger_lines", "place", "reason", "rows", "detail") == [
        ("quarantined", "unknown_account", 3, "account A-7")
    ]
    assert business.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3)]
    business.customer("A-7")
    assert business.run().outcome == "created"
    assert business.rows("ledger_lines", "rows") == []
    assert business.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3), ("C-7", "2025-03", Decimal("6.5"), 3)]


@pytest.mark.parametrize(
    ("account", "charge", "reason"),
    [("Canceled", "Active", "account_not_active"), ("Active", "Canceled", "charge_not_active")],
)
def test_usage_of_what_is_not_active_is_quarantined_with_the_reason(business, march, account, charge, reason):
    for name, status in (("accounts", account), ("subscribed_charges", charge)):
        path = business.inbox / "customers" / f"{name}.csv"
        path.write_text(path.read_text().replace("Active", status))
    business.register()
    assert business.bill(march).outcome == "empty"
    assert business.rows("ledger_lines", "place", "reason", "rows") == [("quarantined", reason, 3)]


def test_readings_outside_the_subscription_are_out_of_scope(business, march):
    path = business.inbox / "customers/subscribed_charges.csv"
    path.write_text(path.read_text().replace("Z,,", "Z,2025-03-10T00:00:00Z,"))
    business.register()
    business.bill(march)
    assert business.quantities() == [("C-1", "2025-03", Decimal(1), 1)]
    assert business.rows("ledger_lines", "place", "reason", "rows") == [("out_of_scope", "outside_subscription", 2)]


def test_readings_that_vanished_from_disk_stop_the_step(business, march, now):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    (path,) = business.rows("landed_files", "path")
    assert pq.read_table(business.home / "readings" / path).num_rows == 3
    (business.home / "readings" / path).unlink()
    with pytest.raises(Exception, match="No files found"):
        _derive(business, now)
    assert not (business.home / "work").exists()


def test_a_peak_of_days_leaves_no_reading_unexplained(business, march, now):
    business.declare(
        "meters/energy.yaml",
        "meter: energy\nowner: a\nsource: power\nderive: {function: peak, bucket: day, bucket_function: sum}\n"
        "map: {charge: energy, unit: kwh}\n",
    )
    business.deliver("power/A-1/march.csv", march + "2025-02-28T00:00:00Z,9\n2025-04-01T00:00:00Z,9\n")
    business.deliver("power/A-7/march.csv", march)
    business.extract()
    table, about = artefact.read(_derive(business, now))
    assert table["numerator"].to_pylist() == ["3.500000000000000000"]
    places = {(line["place"], line["reason"]): line["rows"] for line in about["lines"]}
    assert (about["landed"], places) == (6, {("used", ""): 3, ("quarantined", "unknown_account"): 3})


def test_a_source_that_declares_more_decimals_later_has_all_of_them_billed(business):
    for day, value, digits in [(1, "1.5", "digits: 9, decimals: 1"), (2, "1.2345", "digits: 18, decimals: 4")]:
        business.declare("sources/power.yaml", f"{SOURCE}interval_seconds: 3600\nvalue: {{{digits}}}\n")
        business.bill(f"at,value\n2025-03-0{day}T00:00:00Z,{value}\n", f"power/A-1/{day}.csv")
    assert business.quantities() == [("C-1", "2025-03", Decimal("2.7345"), 2)]


@pytest.mark.parametrize("duplicates", ["keep", "exact"])
def test_files_that_landed_before_an_attribute_was_declared_are_named_until_they_are_replayed(business, duplicates):
    plain = SOURCE.replace("duplicates: keep", f"duplicates: {duplicates}")
    wanted = "filter: {attributes: {region: [north]}}"
    for day, source in [(1, plain), (2, plain.replace("value: value", "value: value, attributes: {region: region}"))]:
        business.declare("sources/power.yaml", source)
        business.deliver(f"power/A-1/{day}.csv", f"at,value,region\n2025-03-0{day}T00:00:00Z,{day},north\n")
        business.extract()
    if duplicates == "keep":
        business.run()  # asks for no attribute
        assert business.quantities() == [("C-1", "2025-03", Decimal(3), 2)]
    business.declare("meters/energy.yaml", METER.replace("function: sum", f"function: sum, {wanted}"))
    (early,) = business.rows("landed_files WHERE at_us_min < 1740873600000000", "file_id")
    with pytest.raises(LacksAttributeError, match=f"region was declared.*meterbridge replay power --file {early}"):
        business.run()
    replay(business.store, business.catalog.source("power"), business.home, file_id=early)
    business.run()
    assert business.quantities() == [("C-1", "2025-03", Decimal(3), 2)]
