from datetime import UTC, datetime, timedelta

import jwt
import pytest

from pipeline.settings import SettingsError
from web.client_secrets import SecretError, hash_secret, matches
from web.clients import read_clients
from web.settings import ApiSettings

SECRET = "a-secret-that-nobody-may-see"  # noqa: S105 of clients that live as long as a test
KEY = "a-key-that-signs-and-is-never-shown"
FORM = {"client_id": "editor", "client_secret": SECRET, "grant_type": "client_credentials"}
READ = "/v1/object/unit-of-measure"


def test_a_client_gets_a_token_for_its_secret_that_opens_the_api_for_an_hour(stranger):
    answer = stranger.post("/oauth/token", data=FORM)
    token = answer.json()
    assert answer.status_code == 200
    assert token["token_type"] == "bearer"  # noqa: S105 no secret
    assert token["expires_in"] == 3600
    assert token["scope"] == "editor"
    assert len(token["jti"]) == 32
    assert stranger.get(READ, headers={"Authorization": f"Bearer {token['access_token']}"}).status_code == 200


def test_an_unknown_client_and_a_wrong_secret_are_answered_alike(stranger):
    unknown = stranger.post("/oauth/token", data=FORM | {"client_id": "nobody"})
    wrong = stranger.post("/oauth/token", data=FORM | {"client_secret": SECRET + "!"})
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.json() == wrong.json()


def test_only_client_credentials_are_granted(stranger):
    assert stranger.post("/oauth/token", data=FORM | {"grant_type": "password"}).status_code == 400


def forged(**changes):
    at = datetime.now(UTC)
    claims = {"iss": "meterbridge", "aud": "meterbridge", "sub": "admin", "iat": at, "exp": at + timedelta(hours=1)}
    return claims | {"jti": "1"} | changes


def test_only_a_token_of_ours_that_is_still_good_opens_the_api(stranger):
    tokens = {
        "another key": jwt.encode(forged(), "another key that is long enough....", "HS256"),
        "unsigned": jwt.encode(forged(), None, "none"),
        "expired": jwt.encode(forged(exp=datetime.now(UTC) - timedelta(seconds=1)), KEY, "HS256"),
        "for another": jwt.encode(forged(aud="another"), KEY, "HS256"),
        "by another": jwt.encode(forged(iss="another"), KEY, "HS256"),
        "unknown client": jwt.encode(forged(sub="nobody"), KEY, "HS256"),
        "bare": jwt.encode({"sub": "admin"}, KEY, "HS256"),
        "noise": "no.token.at-all",
    }
    for kind, token in tokens.items():
        answer = stranger.get(READ, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, kind
        assert answer.headers["WWW-Authenticate"] == "Bearer", kind
    good = jwt.encode(forged(), KEY, "HS256")
    assert stranger.get(READ, headers={"Authorization": f"Bearer {good}"}).status_code == 200


def test_a_secret_is_kept_with_a_salt_of_its_own_and_compared_by_it():
    one, other = hash_secret(SECRET), hash_secret(SECRET)
    assert one != other
    assert SECRET not in one
    assert matches(SECRET, one)
    assert matches(SECRET, other)
    assert not matches(SECRET[:-1], one)


def test_a_short_secret_is_refused():
    with pytest.raises(SecretError, match="at least 16 characters"):
        hash_secret("x" * 15)


KEPT = hash_secret(SECRET)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- a\n", "must list clients"),
        (f"loader: {{secret_hash: {KEPT}, role: owner}}", "one of viewer, editor, admin"),
        (f"loader: {{secret_hash: {KEPT}}}", "needs secret_hash and role"),
        (f"loader: {{secret: {SECRET}, role: editor}}", "needs secret_hash and role"),
        (f"loader: {{secret_hash: {SECRET}, role: editor}}", "what `meterbridge hash-secret` prints"),
        (f"'a client': {{secret_hash: {KEPT}, role: editor}}", "an id has 1 to 64"),
    ],
)
def test_a_clients_file_that_is_not_right_is_refused_without_showing_a_secret(tmp_path, text, complaint):
    path = tmp_path / "clients.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=complaint) as refused:
        read_clients(path)
    assert SECRET not in str(refused.value)


def test_an_empty_clients_file_leaves_the_api_to_airflows_own_log_in(tmp_path, monkeypatch):
    path = tmp_path / "clients.yaml"
    path.write_text("")
    monkeypatch.setenv("METERBRIDGE_API_CLIENTS", str(path))
    assert ApiSettings.read().clients is None


@pytest.mark.parametrize("key", [None, "short"])
def test_clients_without_a_key_to_sign_their_tokens_are_refused(tmp_path, monkeypatch, key):
    path = tmp_path / "clients.yaml"
    path.write_text(f"loader: {{secret_hash: {KEPT}, role: editor}}")
    monkeypatch.setenv("METERBRIDGE_API_CLIENTS", str(path))
    monkeypatch.delenv("METERBRIDGE_API_SECRET", raising=False)
    if key:
        monkeypatch.setenv("METERBRIDGE_API_SECRET", key)
    with pytest.raises(SettingsError, match="METERBRIDGE_API_SECRET must hold at least 32 bytes"):
        ApiSettings.read()


def test_the_key_is_read_from_a_file_and_shown_by_nothing(tmp_path, monkeypatch):
    clients, key = tmp_path / "clients.yaml", tmp_path / "key"
    clients.write_text(f"loader: {{secret_hash: {KEPT}, role: editor}}")
    key.write_text(KEY + "\n")
    monkeypatch.setenv("METERBRIDGE_API_CLIENTS", str(clients))
    monkeypatch.setenv("METERBRIDGE_API_SECRET_FILE", str(key))
    settings = ApiSettings.read()
    assert settings.clients.key == KEY
    assert KEY not in repr(settings)
    assert KEPT not in repr(settings)


def test_a_clients_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"clients.yaml cannot be read \(No such file or directory\)"):
        read_clients(tmp_path / "clients.yaml")
