import pytest

from pipeline.settings import PROJECT
from stack.settings import StackError, read_settings


def test_without_any_variable_the_data_lies_in_var_of_the_project_and_the_port_is_8080():
    settings = read_settings({})
    assert (settings.home, settings.port, settings.server) == (PROJECT / "var", 8080, None)
    assert (settings.catalog, settings.inbox) == (PROJECT / "catalog", PROJECT / "samples")


def test_folders_are_relative_to_the_project_unless_they_are_absolute(tmp_path):
    settings = read_settings({"METERBRIDGE_CATALOG": "other", "METERBRIDGE_HOME": str(tmp_path)})
    assert (settings.catalog, settings.home) == (PROJECT / "other", tmp_path)


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", ""])
def test_a_port_that_is_none_is_refused_with_what_was_said(port):
    with pytest.raises(StackError, match=f"METERBRIDGE_PORT is '{port}'"):
        read_settings({"METERBRIDGE_PORT": port})


def test_an_empty_server_url_means_the_embedded_server():
    assert read_settings({"METERBRIDGE_POSTGRES": ""}).server is None
