"""One charge's readings in, its exact quantity out."""

import pytest
from readings_by_hand import Rules, landed, quantity, source_of, target, window
from second_computation import PERIOD

from transforms.catalog.meter import Derivation

SECOND = 1_000_000


def reading(account, told):
    """Make a landed row of (second, value), perhaps with a tenant behind."""
    at, value, tenant = (*told, "")[:3]
    return {"account": account, "at_us": int(at * SECOND), "value": value, "attribute_tenant": tenant}


def rules(backend, readings, derivation, *, covered=PERIOD, files=None, duplicates="keep"):
    """Take (second, value) of one charge, perhaps with a tenant, through the rules; `files`: of which file each is."""
    numbered = zip(readings, files or [1] * len(readings), strict=True)
    rows = [reading("A-1", each) | {"id_high": file} for each, file in numbered]
    bounds = [at * SECOND for at in PERIOD]
    scope = {("A-1", ""): target("A-1", "C-1", bounds, [at * SECOND for at in covered])}
    source = source_of(duplicates, attributes=["tenant"])
    found = Derivation.model_validate(derivation)
    return Rules(backend, landed(rows, ["tenant"]), source, scope, window(*bounds), found)


@pytest.fixture(scope="module")
def record(backend):
    """Derive the row of one charge from (second, value) pairs; None where there is none."""

    def run(readings, derivation, **options):
        rows = rules(backend, readings, derivation, **options).records()
        assert len(rows) <= 1
        return rows[0] if rows else None

    return run


@pytest.fixture(scope="module")
def derived(record):
    """Derive the exact quantity of one charge; None where there is none."""

    def run(readings, derivation, **options):
        row = record(readings, derivation, **options)
        return row and quantity(row)

    return run


@pytest.fixture(scope="module")
def places(backend):
    """Count the ledger's lines of one charge's readings."""

    def run(readings, derivation, **options):
        return rules(backend, readings, derivation, **options).ledger()

    return run


@pytest.fixture(scope="module")
def many(backend):
    """Derive the records of many charges at once, each of readings (second, value, tenant) and a window of seconds.

    Gives by (charge's place, tenant): the exact quantity, the number of readings, the first and last instants. The
    tenant is None where the derivation does not group; `files` tells which file each reading is of.
    """

    def run(charges, derivation, *, files=lambda _: 1, duplicates="keep", value=(38, 18)):
        rows = [
            reading(f"A-{place}", each) | {"id_high": files(each)}
            for place, (readings, _) in enumerate(charges)
            for each in readings
        ]
        bounds = [at * SECOND for at in PERIOD]
        scope = {
            (f"A-{place}", ""): target(f"A-{place}", str(place), bounds, [at * SECOND for at in covered])
            for place, (_, covered) in enumerate(charges)
        }
        source = source_of(duplicates, attributes=["tenant"])
        table = landed(rows, ["tenant"], value)
        found = Rules(backend, table, source, scope, window(*bounds), Derivation.model_validate(derivation)).records()
        return {
            (int(row["charge_number"]), row.get("attribute_tenant")): (
                quantity(row),
                *(row[name] for name in ("readings", "first_at_us", "last_at_us")),
            )
            for row in found
        }

    return run
