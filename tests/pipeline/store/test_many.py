"""PostgreSQL takes 65,535 parameters in a statement; a month may have more files, or more calls, than that."""

import pytest

from pipeline.store import arrivals, changes, closing, customers, lineage, manifest

MANY = [f"{number:032x}" for number in range(70_000)]


@pytest.mark.parametrize(
    "ask",
    [
        lambda connection: closing.uploads(connection, MANY),
        lambda connection: arrivals.arrived_at(connection, "power", MANY),
        lambda connection: manifest.profile(connection, "power", MANY),
        lambda connection: manifest.files(connection, "power", 0, replaced=MANY),
        lambda connection: [each for each in lineage.raw_files(connection, "power", MANY).values() if each],
        lambda connection: changes.lock_records(connection, changes.of_imports(MANY)),
        lambda connection: customers.in_use(connection, MANY),
    ],
    ids=["uploads", "arrived_at", "profile", "files", "raw_files", "of_imports", "in_use"],
)
def test_more_can_be_asked_for_than_a_statement_takes_parameters(store, ask):
    with store.begin() as connection:
        assert not ask(connection)
