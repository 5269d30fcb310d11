"""`docs/proof.md`: the worked example on the page is what the commands print, word for word."""

import re

import pytest
from click.testing import CliRunner
from pages_of_docs import blocks, page

from pipeline.commands import proof

PAGE = page("proof")
# The seal's hash is of the landed files' bytes too, which are the Parquet writer's own.
SEAL = r"as [0-9a-f]{64}$|closed as [0-9a-f]{64}"
THEIRS = re.compile(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d UTC( by \w+)?|closed by \w+|{SEAL}", re.MULTILINE)
COMMANDS = {command.name: command for command in proof.COMMANDS}


@pytest.fixture
def printed(named):
    """What the page's commands print of the page's files, by command line."""
    for part, text in zip(("sources/power", "meters/energy", "charges/energy"), blocks(PAGE, "yaml"), strict=True):
        named.declare(f"{part}.yaml", text)
    (readings,) = blocks(PAGE, "csv")
    named.invoice(readings)
    return [_run(block.splitlines()[0]) for block in blocks(PAGE, "console")]


def _run(line):
    name, *arguments = line.removeprefix("$ meterbridge ").split()
    done = CliRunner().invoke(COMMANDS[name], arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return f"{line}\n{done.output}"


def test_the_example_is_what_the_commands_print(printed):
    told = [THEIRS.sub("", block) for block in blocks(PAGE, "console")]
    assert [THEIRS.sub("", block) for block in printed] == told


def test_every_command_of_proof_is_on_the_page_with_its_arguments():
    rows = re.findall(r"^\| `meterbridge (\w+) ([A-Z ]+)`", PAGE, flags=re.MULTILINE)
    arguments = {name: [each.name.upper() for each in command.params] for name, command in COMMANDS.items()}
    assert {name: words.split() for name, words in rows} == arguments
