"""A store of another version is told as the command line tells it, and looked at until it is right."""

import pytest

from pipeline.store.migrate import downgrade, migrate

PAGES = ("/", "/ledger", "/lineage", "/v1/object/unit-of-measure")


@pytest.mark.parametrize(("revision", "told"), [("base", "has no tables"), ("0012", "is of version 0012")])
def test_a_store_that_is_not_migrated_is_said_to_be_so_on_every_page_until_it_is(viewer, business, revision, told):
    downgrade(business.store, revision)
    for page in PAGES:
        answer = viewer.get(page)
        assert answer.status_code == 503
        assert f"the usage store {told}" in answer.text
        assert "run `meterbridge migrate` first" in answer.text
    page = viewer.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, "run `meterbridge migrate` first" in page.text) == (503, True)
    migrate(business.store)
    assert [viewer.get(page).status_code for page in PAGES] == [200] * len(PAGES)
