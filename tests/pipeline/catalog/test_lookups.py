"""Lookup tables of the catalog: read strictly, and carried to the charges they name."""

from decimal import Decimal

import pytest

from pipeline.catalog.catalog import Catalog
from pipeline.catalog.documents import CatalogError
from pipeline.catalog.lookups import read_lookup
from transforms.quantities.scope import LookupRow

SOURCE = """
source: power
files: power/*
columns: {at: at, value: value, account: tenant}
duplicates: keep
lookup: tenants
"""
READ = "at,value,tenant\n2025-03-02T00:00:00Z,1,t-1\n2025-03-03T00:00:00Z,2,t-2\n2025-03-04T00:00:00Z,4,t-9\n"


@pytest.fixture
def lookup(tmp_path):
    def read(text):
        path = tmp_path / "tenants.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_lookup(path)

    return read


def test_a_lookup_names_an_account_and_perhaps_a_subscription_and_a_charge(lookup):
    assert lookup("key,account_number\nt-1,A-1\n") == [LookupRow("t-1", "A-1")]
    full = "key,account_number,subscription_number,charge_number\nt-1,A-1,,C-1\nt-1,A-1,S-2,\n"
    assert lookup(full) == [LookupRow("t-1", "A-1", "", "C-1"), LookupRow("t-1", "A-1", "S-2")]


def test_a_lookup_that_a_spreadsheet_wrote_is_read_too(lookup):
    assert lookup(b'\xef\xbb\xbfkey,account_number\r\n"t,1",A-1\r\n') == [LookupRow("t,1", "A-1")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ":1: the columns must be key,account_number, then perhaps subscription_number,charge_number"),
        ("account_number,key\n", ":1: the columns must be key,account_number"),
        ("key,account_number,charge_number\n", ":1: the columns must be key,account_number"),
        ("key,account_number\nt-1\n", ":2: the row must have 2 fields"),
        ("key,account_number\nt-1,A-1,S-1\n", ":2: the row must have 2 fields"),
        ("key,account_number\nt-1,A-1\n,A-1\n", ":3: the row must have 2 fields; key and account_number are never em"),
        ("key,account_number\nt-1,\n", ":2: the row must have 2 fields"),
        ("key,account_number\nt-1,A-1\nt-1,A-2\n", ":3: key 't-1' belongs to account 'A-1' already"),
        (b"key,account_number\n\xff,A-1\n", ": not UTF-8 text (invalid start byte at byte 19)"),
    ],
)
def test_a_lookup_that_cannot_be_right_is_refused_with_its_line(lookup, text, problem):
    with pytest.raises(CatalogError) as caught:
        lookup(text)
    assert f"tenants.csv{problem}" in str(caught.value)


@pytest.fixture
def tenants(business):
    def run(rows):
        business.declare("lookups/tenants.csv", f"key,account_number\n{rows}")
        business.declare("sources/power.yaml", SOURCE)
        business.deliver("power/march.csv", READ)
        business.extract()
        business.run()
        return business.quantities()

    return run


def test_tenants_of_one_charge_are_added_up_and_an_unknown_one_waits_in_the_open(business, tenants):
    assert tenants("t-1,A-1\nt-2,A-1\n") == [("C-1", "2025-03", Decimal(3), 2)]
    assert business.rows("ledger_lines", "place", "reason", "rows", "detail") == [
        ("quarantined", "unknown_account", 1, "account t-9")
    ]


def test_a_tenant_that_is_added_to_the_lookup_is_billed_at_the_next_run(business, tenants):
    tenants("t-1,A-1\n")
    assert tenants("t-1,A-1\nt-2,A-1\nt-9,A-1\n") == [("C-1", "2025-03", Decimal(7), 3)]
    assert business.rows("ledger_lines", "rows") == []


def test_what_is_wrong_with_a_lookup_is_among_the_problems_of_the_catalog(business):
    business.declare("lookups/tenants.csv", "key\n")
    business.declare("sources/power.yaml", SOURCE)
    problems = Catalog.load(business.catalog_folder).problems
    assert [problem.split("catalog/")[1] for problem in problems[:2]] == [
        "lookups/tenants.csv:1: the columns must be key,account_number, then perhaps subscription_number,charge_number",
        "sources/power.yaml:6: lookup: 'tenants' is left out, for what is wrong in lookups/tenants.csv",
    ]


def test_a_lookup_that_is_not_there_is_refused_with_the_nearest_name(business):
    business.declare("lookups/tenant.csv", "key,account_number\n")
    business.declare("sources/power.yaml", SOURCE)
    (problem, *_) = Catalog.load(business.catalog_folder).problems
    assert problem.endswith("lookup: 'tenants' is unknown (known: tenant); did you mean 'tenant'?")
