"""Units of measure at the command line."""

import pytest
from click.testing import CliRunner

from pipeline.cli import cli


@pytest.fixture
def run(named):  # noqa: ARG001 the environment
    def command(*words):
        return CliRunner().invoke(cli, words)

    return command


def test_a_unit_is_made_changed_and_listed_beside_the_catalogs(run):
    made = run("unit", "set", "MWh", "--decimals", "3", "--alias", "watt_hour=1/1000000", "--description", "1,000 kWh")
    assert made.output == "MWh (api): 3 decimals, rounded up; watt_hour = 1/1000000; 1,000 kWh\n"
    changed = run("unit", "set", "MWh", "--decimals", "2", "--rounding", "half_up")
    assert changed.output == "MWh (api): 2 decimals, rounded half_up\n"
    assert run("units").output == (
        "MWh (api): 2 decimals, rounded half_up\n"
        "hour (catalog): 2 decimals, rounded up\n"
        "kwh (catalog): 3 decimals, rounded up; wh = 1/1000\n"
    )


def test_a_unit_that_is_refused_is_not_made(run):
    refused = run("unit", "set", "kwh", "--decimals", "0")
    assert "change it in units.yaml" in str(refused.exception)
    unclear = run("unit", "set", "MWh", "--alias", "kilo")
    assert unclear.exit_code == 2
    assert "write NAME=FACTOR" in unclear.output
    assert "MWh" not in run("units").output
