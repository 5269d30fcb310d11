"""`docs/operations.md`: every setting, and every key of a unit and of a currency, is on the page."""

import re

import pytest
from pages_of_docs import page, section

from pipeline.settings import PROJECT
from transforms.catalog.units import Currency, Unit

PAGE = page("operations")
READ = ("docker", "pipeline", "plugins", "stack", "web")
VARIABLE = re.compile(r"METERBRIDGE_[A-Z_]*[A-Z]")
OF_A_NAME = re.compile(r"METERBRIDGE_CONNECTION_\w+")  # the page tells how these are made up


@pytest.mark.parametrize(("title", "model"), [("Units of measure", Unit), ("Currencies", Currency)])
def test_every_key_and_no_other_is_on_the_page(title, model):
    assert set(re.findall(r"^\| `(\w+)` \|", section(PAGE, title), flags=re.MULTILINE)) == set(model.model_fields)


def test_every_variable_that_somebody_may_set_is_on_the_page_or_in_the_example():
    compose = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    code = [path.read_text(encoding="utf-8") for folder in READ for path in (PROJECT / folder).rglob("*.py")]
    found = {name.removesuffix("_FILE") for text in (compose, *code) for name in VARIABLE.findall(text)}
    set_by_compose = set(re.findall(r"^  +(METERBRIDGE_\w+?)(?:_FILE)?: ", compose, flags=re.MULTILINE))
    told = PAGE + (PROJECT / ".env.example").read_text(encoding="utf-8")
    named = {name for name in found if not OF_A_NAME.fullmatch(name)}
    assert len(named) > 20
    assert {name for name in named - set_by_compose if name not in VARIABLE.findall(told)} == set()
