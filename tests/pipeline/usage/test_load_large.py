"""A period's first load, when it is large, becomes a partition of its own: quicker, and as safe as any other."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import psycopg
import pytest
import sqlalchemy as sa

from pipeline import artefact
from pipeline.store import incoming, partitions
from pipeline.usage.batch import sum_of_keys
from pipeline.usage.load import LoadRefusedError
from transforms.period import Period

SECOND = "at,value\n2025-03-20T00:00:00Z,10\n"
OWN = "pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'usage_records'::regclass"


@pytest.fixture(autouse=True)
def _every_load_is_large(monkeypatch):
    monkeypatch.setattr("pipeline.usage.load.OWN_PARTITION_RECORDS", 1)


def _refused(business, statement):
    before = business.contents()
    with pytest.raises(sa.exc.DBAPIError) as caught, business.store.begin() as connection:
        connection.execute(sa.text(statement))
    assert business.contents() == before
    return caught.value.orig


def test_the_first_load_of_a_period_builds_a_partition_and_the_next_change_it(business, march):
    assert business.bill(march).outcome == "created"
    assert "usage_records_2025_03" in business.rows(OWN, "relname")
    assert business.ledger() == (3, {("pending", ""): 3})
    assert business.run().outcome == "exists"
    assert business.bill(SECOND, "power/A-1/more.csv").outcome == "created"
    assert business.quantities() == [("C-1", "2025-03", Decimal("16.5"), 4)]
    assert business.rows("usage_records_2025_03", "quantity") == [Decimal("6.5"), Decimal("16.5")]


def test_it_is_billed_and_adjusted_like_any_other(business, march):
    business.bill(march)
    assert str(business.rate()).endswith("1 records, 1 items, 1.63 EUR")
    assert business.bill(SECOND, "power/A-1/more.csv").outcome == "adjusted"
    assert str(business.rate()).endswith("1 records, 1 items, 2.50 EUR")
    business.post()
    assert {file.what: file.rows for file in business.export()} | {"chart": 2} == {
        "usage": 2, "rated_items": 2, "invoices": 2, "invoice_documents": 2, "workbook": 2, "chart": 2,
    }  # fmt: skip


def test_the_guards_hold_in_a_partition_of_its_own(business, march):
    business.bill(march)
    copied = (
        "INSERT INTO usage_records (import_id, record_key, period, account_number, subscription_number, charge_number, "
        "charge, uom, quantity, start_at, end_at, description, custom_fields, readings) "
        "SELECT import_id, {}, period, {}, subscription_number, charge_number, charge, uom, {}, start_at, end_at, "
        "description, custom_fields, readings FROM usage_records"
    )
    refusals = {
        copied.format("record_key", "account_number", "quantity"): psycopg.errors.UniqueViolation,
        copied.format("'k'", "'A-404'", "quantity"): psycopg.errors.ForeignKeyViolation,
        copied.format("'k'", "account_number", "-1"): psycopg.errors.CheckViolation,
        "TRUNCATE usage_records_2025_03 CASCADE": psycopg.errors.IntegrityConstraintViolation,
        "TRUNCATE usage_records CASCADE": psycopg.errors.IntegrityConstraintViolation,
    }
    for statement, error in refusals.items():
        assert isinstance(_refused(business, statement), error)
    business.rate()
    assert "is Processed by bill run" in str(_refused(business, "UPDATE usage_records SET quantity = 1"))


def test_a_load_that_fails_while_it_builds_leaves_no_partition(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    paths = business.prepare()
    with business.store.begin() as connection:
        connection.execute(sa.text("ALTER TABLE usage_records ADD CHECK (quantity < 5)"))
    with pytest.raises(psycopg.errors.CheckViolation):
        business.load(*paths)
    assert business.rows(OWN, "relname") == ["usage_records_shared"]
    assert business.rows("imports", "import_id") == []


def test_another_meters_usage_of_the_period_joins_the_partition(business, march):
    business.bill(march)
    business.declare(
        "charges/heat.yaml", "charge: heat\nuom: kwh\ncurrency: EUR\npricing: {model: per_unit, price: 1}\n"
    )
    business.declare(
        "meters/heat.yaml",
        "meter: heat\nowner: a@example.com\nsource: power\nderive: {function: sum}\nmap: {charge: heat, unit: kwh}\n",
    )
    business.customer("A-2", "H-{}", of="heat")
    business.deliver("power/A-2/march.csv", march)
    business.extract()
    assert business.run("heat").outcome == "created"
    assert business.rows("usage_records_2025_03", "charge_number") == ["C-1", "H-2"]


def test_two_periods_that_are_built_at_once_wait_for_one_another(business, march):
    business.deliver("power/A-1/march.csv", march + "2025-04-01T00:00:00Z,4\n2025-05-01T00:00:00Z,5\n")
    business.extract()
    paths = [business.prepare(period=period) for period in ("2025-03", "2025-04", "2025-05")]
    with ThreadPoolExecutor(3) as pool:
        loaded = list(pool.map(lambda each: business.load(*each), paths))
    assert [each.outcome for each in loaded] == ["created"] * 3
    assert [quantity for _, _, quantity, _ in business.quantities()] == [Decimal("6.5"), Decimal(4), Decimal(5)]


def test_the_sum_of_keys_is_the_same_in_the_file_and_in_the_store(business, march):
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", march)
    loaded = business.bill(march)
    usage, _ = business.prepare()
    table, _ = artefact.read(usage)
    expected = sum(int(key[:15], 16) for key in table["record_key"].to_pylist())
    assert sum_of_keys(table["record_key"].to_pylist()) == expected
    with business.store.begin() as connection:
        assert incoming.stands(connection, loaded.import_id) == incoming.Sum(2, Decimal(13), Decimal(expected))


def test_what_does_not_stand_as_it_was_sent_is_not_loaded(business, march, monkeypatch):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    paths = business.prepare()
    build = partitions.build

    def lose(connection, *rest):
        build(connection, *rest)
        connection.execute(sa.text("DELETE FROM usage_records"))

    monkeypatch.setattr(partitions, "build", lose)
    business.refuses(LoadRefusedError, "the store does not hold what was sent", *paths)


@pytest.mark.parametrize(
    ("period", "name"),
    [("2025-03", "2025_03"), ("2025-Q1", "2025_q1"), ("2025-02-15--2025-03-15", "2025_02_15__2025_03_15")],
)
def test_a_partition_is_named_by_its_period(period, name):
    assert partitions.name_of(Period.parse(period)) == f"usage_records_{name}"
