import pytest

from pipeline.settings import PROJECT, Settings, SettingsError, catalog_folder, connection, connection_token

URL = "postgresql+psycopg://somebody@db.example/usage"
NAMES = ("STORE_URL", "STORE_URL_FILE", "HOME", "CATALOG", "INBOX")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(f"METERBRIDGE_{name}", raising=False)
    for name in ("BILLING", "BILLING_FILE", "BILLING_TOKEN", "BILLING_TOKEN_FILE"):
        monkeypatch.delenv(f"METERBRIDGE_CONNECTION_{name}", raising=False)


def test_folders_are_the_projects_own_unless_named(monkeypatch):
    monkeypatch.setenv("METERBRIDGE_STORE_URL", URL)
    assert Settings.read() == Settings(URL, PROJECT / "var", PROJECT / "catalog", PROJECT / "samples")


def test_folders_are_taken_from_the_environment(monkeypatch, tmp_path):
    for name in NAMES[2:]:
        monkeypatch.setenv(f"METERBRIDGE_{name}", str(tmp_path / name))
    monkeypatch.setenv("METERBRIDGE_STORE_URL", URL)
    assert Settings.read() == Settings(URL, tmp_path / "HOME", tmp_path / "CATALOG", tmp_path / "INBOX")
    assert catalog_folder() == tmp_path / "CATALOG"


def test_the_stores_url_can_stand_in_a_file_which_goes_before(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text(f"{URL}\n")
    monkeypatch.setenv("METERBRIDGE_STORE_URL", "postgresql://elsewhere/none")
    monkeypatch.setenv("METERBRIDGE_STORE_URL_FILE", str(tmp_path / "secret"))
    assert Settings.read().store_url == URL


def test_without_a_store_the_message_says_what_to_set():
    with pytest.raises(SettingsError, match=r"METERBRIDGE_STORE_URL is not set: .* METERBRIDGE_STORE_URL_FILE"):
        Settings.read()


def test_a_secret_file_that_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("METERBRIDGE_STORE_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="METERBRIDGE_STORE_URL_FILE"):
        Settings.read()


def test_the_catalog_needs_no_store():
    assert catalog_folder() == PROJECT / "catalog"


def test_a_connection_is_where_its_variable_says(monkeypatch):
    monkeypatch.setenv("METERBRIDGE_CONNECTION_BILLING", "postgresql://db.example/usage")
    assert connection("billing") == "postgresql://db.example/usage"
    assert connection_token("billing") is None


def test_a_connection_and_its_token_can_stand_in_files_which_go_before(monkeypatch, tmp_path):
    for name in ("BILLING", "BILLING_TOKEN"):
        (tmp_path / name).write_text(f"{name} of the file\n")
        monkeypatch.setenv(f"METERBRIDGE_CONNECTION_{name}", "elsewhere")
        monkeypatch.setenv(f"METERBRIDGE_CONNECTION_{name}_FILE", str(tmp_path / name))
    assert connection("billing") == "BILLING of the file"
    assert connection_token("billing") == "BILLING_TOKEN of the file"


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_without_an_address_the_message_says_what_to_set(monkeypatch, tmp_path, content):
    if content is not None:
        (tmp_path / "empty").write_text(content)
        monkeypatch.setenv("METERBRIDGE_CONNECTION_BILLING_FILE", str(tmp_path / "empty"))
    with pytest.raises(SettingsError, match=r"METERBRIDGE_CONNECTION_BILLING is not set: .*BILLING_FILE"):
        connection("billing")
