from pipeline.catalog.catalog import Catalog
from pipeline.settings import PROJECT
from stack.demo import compare, stages


def test_a_second_run_that_adds_nothing_says_so():
    totals = {"imports": 18, "rated_items": 12, "readings": 40000}
    assert compare(totals, totals) == "0 new imports, 0 new rated items: nothing was billed twice"


def test_a_run_that_adds_something_says_how_much():
    before, after = {"imports": 2, "rated_items": 0}, {"imports": 20, "rated_items": 12}
    assert compare(before, after) == "18 new imports, 12 new rated items"


def test_stages_follow_the_data():
    catalog = Catalog.read(PROJECT / "catalog")
    extracts, usage, *rest = stages(catalog)
    assert extracts == [f"extract_{source}" for source in sorted(catalog.sources)]
    assert usage == [f"usage_{meter}" for meter in sorted(catalog.meters)]
    assert rest == [["bill_run"], ["export"]]
