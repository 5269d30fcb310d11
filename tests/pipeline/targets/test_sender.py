"""The connection to the billing platform: read from the environment, never shown, never over an open line."""

import pytest

from pipeline.targets.sender import PlatformAddressError, Sender, from_environment, required

CANARY = "canary-of-the-platform"


def test_the_environment_gives_address_client_and_secret(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text(f"{CANARY}\n")
    monkeypatch.setenv("METERBRIDGE_CONNECTION_PLATFORM", "https://loader@billing.example/rest/")
    monkeypatch.setenv("METERBRIDGE_CONNECTION_PLATFORM_TOKEN_FILE", str(tmp_path / "secret"))
    found = from_environment()
    assert found == Sender("https://billing.example/rest", "loader", CANARY)
    assert CANARY not in repr(found)


def test_without_a_connection_there_is_no_sender_and_whoever_needs_one_is_told_how_to_give_it(monkeypatch):
    monkeypatch.delenv("METERBRIDGE_CONNECTION_PLATFORM", raising=False)
    with pytest.raises(PlatformAddressError, match=r"there is no connection .* write the address as https://host/path"):
        required(from_environment())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "billing.example",
        "http://billing.example",
        "https://billing.example/?x=1",
        "ftp://127.0.0.1",
        "https://b.example:port",
    ],
)
def test_an_address_that_is_none_or_would_be_read_on_the_way_is_refused_without_its_secret(address):
    with pytest.raises(PlatformAddressError, match="is not complete") as caught:
        Sender.of(address, "loader", CANARY)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(("client", "secret"), [("", CANARY), ("loader", ""), (None, None)])
def test_client_and_secret_are_both_needed(client, secret):
    with pytest.raises(PlatformAddressError, match="is not complete"):
        Sender.of("https://billing.example", client, secret)
