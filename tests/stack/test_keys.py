import json
import stat

from stack.keys import keep_keys, passwords_file


def test_keys_are_generated_once_and_kept_for_the_next_start(tmp_path):
    assert keep_keys(tmp_path) == keep_keys(tmp_path)


def test_no_two_stacks_share_a_secret(tmp_path):
    one, other = keep_keys(tmp_path / "one"), keep_keys(tmp_path / "other")
    assert not set(vars(one).values()) & set(vars(other).values())
    assert len(set(vars(one).values())) == 4


def test_only_the_owner_can_read_them(tmp_path):
    keep_keys(tmp_path)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"keys.json": 0o600, "passwords.json": 0o600}


def test_airflow_finds_the_password_of_its_one_user(tmp_path):
    keys = keep_keys(tmp_path)
    assert json.loads(passwords_file(tmp_path).read_text()) == {"admin": keys.password}
