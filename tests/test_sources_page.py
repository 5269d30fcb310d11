"""`docs/sources.md`: each recipe is a source that can be declared, and what it asks is what the page says."""

import re

import pytest
from pages_of_docs import blocks, declared, page, section

from transforms.catalog.formats import NEM12_COLUMNS
from transforms.catalog.origins import Http, Page, Sql
from transforms.catalog.source import Source

PAGE = page("sources")
RECIPES = {recipe["source"]: recipe for recipe in map(declared, blocks(PAGE, "yaml"))}


def test_there_is_one_recipe_for_each_way_to_get_readings():
    ways = {name: sorted(recipe.keys() & {"files", "sql", "http"}) for name, recipe in RECIPES.items()}
    assert ways == {
        "heat": ["files"], "page_views": ["files"], "cloud_costs": ["files"], "half_hours": ["files"],
        "intervals": ["files"], "registers": ["files"], "allocations": ["files"], "requests": ["files"],
        "calls": ["sql"], "sessions": ["sql"], "messages": ["http"], "memory": ["http"],
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_can_be_declared_as_it_stands(name):
    assert Source.model_validate(RECIPES[name]).source == name


@pytest.mark.parametrize("name", ["calls", "sessions", "messages", "memory"])
def test_what_is_fetched_twice_after_a_run_that_died_counts_once(name):
    assert RECIPES[name]["duplicates"] == "exact"


@pytest.mark.parametrize("key", sorted({*Sql.model_fields, *Http.model_fields, *Page.model_fields}))
def test_every_key_of_a_query_or_an_api_is_shown(key):
    assert re.search(rf"`{key}`|\b{key}:", PAGE)


@pytest.mark.parametrize("column", NEM12_COLUMNS)
def test_every_column_that_nem12_names_itself_is_shown(column):
    assert f"`{column}`" in section(PAGE, "Interval meters in Australia (NEM12)")
