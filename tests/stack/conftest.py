import socket
from dataclasses import replace

import pytest
import yaml

from pipeline.settings import PROJECT
from stack import postgres
from stack.settings import read_settings


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def settings_in():
    """A function that gives the settings of a stack whose home lies in a folder, on a port of its own."""
    return lambda folder: replace(read_settings({"METERBRIDGE_HOME": str(folder / "home")}), port=free_port())


@pytest.fixture
def settings(settings_in, tmp_path):
    return settings_in(tmp_path)


@pytest.fixture
def embedded(settings):
    """The settings of a running embedded server, stopped afterwards."""
    settings.home.mkdir(parents=True)
    postgres.start(settings)
    yield settings
    postgres.stop(settings)


@pytest.fixture(scope="session")
def compose():
    """The compose file, its anchors merged, its variables as they stand."""
    return yaml.safe_load((PROJECT / "docker-compose.yml").read_text())


@pytest.fixture(scope="session")
def texts():
    """A function that lists every text of a tree, keys apart."""

    def collect(node):
        if isinstance(node, dict):
            return [text for value in node.values() for text in collect(value)]
        if isinstance(node, list):
            return [text for value in node for text in collect(value)]
        return [str(node)]

    return collect
