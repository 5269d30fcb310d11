"""Usage into the store: the same content once, a correction in place of what is Pending."""

from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline import artefact
from pipeline.artefact import DamagedArtefactError
from pipeline.store import ledger
from pipeline.usage.batch import OtherVerdictError
from pipeline.usage.load import LoadRefusedError
from transforms.period import Period
from transforms.quantities.reconcile import UnexplainedRowsError, check

SECOND = "at,value\n2025-03-20T00:00:00Z,10\n"
METER = """
meter: {name}
owner: billing@example.com
source: power
derive: {{function: sum}}
map: {{charge: energy, unit: kwh, factor: {factor}}}
"""


def _tampered(business, **changes):
    """Write a usage artefact that says something else of where its readings are, and a verdict that fits it."""
    usage, verdict = business.prepare()
    table, about = artefact.read(usage)
    forged = artefact.write(usage.parent, "usage", table, {**about, **changes})
    found, judged = artefact.read(verdict)
    return forged, artefact.write(usage.parent, "verdict", found, {**judged, "usage": Path(forged).name})


def test_new_usage_is_created_pending(business, march):
    loaded = business.bill(march)
    assert (loaded.outcome, loaded.records, loaded.quarantined) == ("created", 1, 0)
    assert business.rows("usage_records", "charge_number", "quantity", "status", "readings") == [
        ("C-1", Decimal("6.5"), "Pending", 3)
    ]
    assert business.rows("imports", "import_id", "total_count", "imported_count", "control_total") == [
        (loaded.import_id, 1, 1, Decimal("6.5"))
    ]
    assert business.ledger() == (3, {("pending", ""): 3})


def test_an_import_names_the_files_that_it_was_made_of(business, march):
    business.bill(march)
    assert business.rows("import_files", "file_id") == business.rows("landed_files", "file_id")


def test_the_same_usage_again_exists_and_adds_nothing(business, march):
    first = business.bill(march)
    before = business.contents()
    again = business.run()
    assert (again.outcome, again.import_id) == ("exists", first.import_id)
    assert {**business.contents(), "ledgers": None} == {**before, "ledgers": None}
    assert business.rows("ledgers", "outcome", "landed") == [("exists", 3)]


def test_a_month_without_usage_is_empty_and_known_to_be_done(business):
    loaded = business.run()
    assert (loaded.outcome, loaded.import_id, loaded.records) == ("empty", None, 0)
    assert business.rows("ledgers", "meter", "period", "landed", "outcome") == [("energy", "2025-03", 0, "empty")]
    assert business.rows("imports", "import_id") == []


def test_a_correction_takes_the_place_of_what_is_pending(business, march):
    first = business.bill(march)
    second = business.bill(SECOND, "power/A-1/more.csv")
    assert second.outcome == "created"
    assert business.rows("imports", "import_id", "follows", "superseded_by") == sorted(
        [(first.import_id, None, second.import_id), (second.import_id, first.import_id, None)]
    )
    assert business.quantities() == [("C-1", "2025-03", Decimal("16.5"), 4)]
    assert business.ledger() == (4, {("pending", ""): 4})


def test_a_then_b_then_a_ends_at_a(business, march):
    first = business.bill(march)
    outcomes = []
    for factor in (2, 1, 2, 1):
        business.count_in(factor)
        outcomes.append(business.run())
    assert [loaded.outcome for loaded in outcomes] == ["created"] * 4
    assert len({first.import_id, *(loaded.import_id for loaded in outcomes)}) == 5
    assert business.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3)]
    assert len(business.rows("imports WHERE superseded_by IS NULL", "import_id")) == 1


def test_usage_that_vanishes_from_a_correction_is_superseded_by_nothing(business, march):
    business.bill(march)
    path = business.inbox / "customers/subscribed_charges.csv"
    path.write_text(path.read_text().replace("Active", "Canceled"))
    business.register()
    loaded = business.run()
    assert (loaded.outcome, loaded.records) == ("created", 0)
    assert business.quantities() == []
    assert business.ledger() == (3, {("quarantined", "charge_not_active"): 3})


def test_a_record_that_breaks_an_expectation_is_quarantined_and_the_others_load(business, march):
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", "at,value\n2025-03-02T00:00:00Z,1e14\n2025-03-03T00:00:00Z,1\n")
    loaded = business.bill(march)
    assert (loaded.outcome, loaded.records, loaded.quarantined) == ("created", 1, 1)
    assert business.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3)]
    assert business.ledger() == (5, {("pending", ""): 3, ("quarantined", "expectation"): 2})
    (detail,) = business.rows("ledger_lines", "detail")
    assert detail == "charge C-2: expectation: quantity must have at most 13 digits before the decimal point"
    assert business.rows("imports", "total_count", "imported_count") == [(2, 1)]


def test_negative_usage_is_quarantined(business):
    assert business.bill("at,value\n2025-03-02T00:00:00Z,-1\n").quarantined == 1
    assert business.quantities() == []
    assert business.ledger() == (1, {("quarantined", "expectation"): 1})


def test_the_verdict_of_another_artefact_is_refused(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    usage, verdict = business.prepare()
    business.count_in(2)
    other, _ = business.prepare()
    assert other != usage
    business.refuses(OtherVerdictError, "validate this usage first", other, verdict)


@pytest.mark.parametrize("which", [0, 1])
def test_an_artefact_whose_bytes_were_changed_is_refused(business, march, which):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    paths = business.prepare()
    content = bytearray(paths[which].read_bytes())
    content[len(content) // 2] ^= 1
    paths[which].write_bytes(content)
    business.refuses(DamagedArtefactError, "is not what was written there", *paths)


@pytest.mark.parametrize("landed", [2, 4])
def test_a_row_that_is_nowhere_or_in_two_places_refuses_the_load(business, march, landed):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    forged = _tampered(business, landed=landed)
    message = f"meter energy, period 2025-03: {landed} rows landed, but {landed - 3} of them are unexplained"
    business.refuses(UnexplainedRowsError, message, *forged)


def test_a_charge_that_has_usage_from_another_meter_is_refused(business, march):
    business.bill(march)
    business.declare("meters/energy_twice.yaml", METER.format(name="energy_twice", factor=1))
    second = business.prepare("energy_twice")
    business.refuses(LoadRefusedError, "charge C-1 has usage from meter energy already", *second)


def test_a_load_that_fails_at_the_last_moment_leaves_the_store_as_it_was(business, march):
    business.bill(march)
    business.deliver("power/A-1/more.csv", SECOND)
    business.extract()
    paths = business.prepare()
    with business.store.begin() as connection:  # the database itself refuses the new record
        connection.execute(sa.text("ALTER TABLE usage_records ADD CHECK (quantity < 10)"))
    business.refuses(sa.exc.IntegrityError, "usage_records_quantity_check", *paths)


def test_the_outcome_is_said_in_one_line(business, march):
    loaded = business.bill(march)
    assert str(loaded) == f"energy 2025-03: created, import {loaded.import_id}, 1 records, 0 quarantined"
    assert str(business.run(period="2025-04")) == "energy 2025-04: empty, no import, 0 records, 0 quarantined"


def test_another_months_usage_is_an_import_of_its_own(business, march):
    business.bill(march + "2025-04-01T00:00:00Z,100\n")
    business.run(period="2025-04")
    assert business.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3), ("C-1", "2025-04", Decimal(100), 1)]
    with business.store.begin() as connection:
        assert [check(each).landed for each in ledger.all_ledgers(connection)] == [3, 1]
        assert ledger.meters_done(connection, Period.parse("2025-04")) == {"energy"}
