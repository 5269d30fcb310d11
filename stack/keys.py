"""The local stack's secrets: generated on first use, kept for the next, readable by their owner alone."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

USER = "admin"


@dataclass(frozen=True)
class Keys:
    """`password` is that of the web UI's one user; the others never leave the components' environment."""

    fernet: str
    jwt: str
    session: str
    password: str


def keep_keys(folder: Path) -> Keys:
    """Read the keys of `folder`, or generate them; the password file of Airflow's simple login is written beside."""
    file = folder / "keys.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_private(file, json.dumps(asdict(_generate())))
    keys = Keys(**json.loads(file.read_text(encoding="utf-8")))
    write_private(passwords_file(folder), json.dumps({USER: keys.password}))
    return keys


def passwords_file(folder: Path) -> Path:
    """Where Airflow's simple auth manager finds the passwords."""
    return folder / "passwords.json"


def write_private(file: Path, content: str) -> None:
    """Write a file whole, with mode 0600 from its first byte on."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as output:
        output.write(content)
    draft.replace(file)


def _generate() -> Keys:
    return Keys(
        fernet=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        jwt=secrets.token_urlsafe(48),
        session=secrets.token_urlsafe(48),
        password=secrets.token_urlsafe(12),
    )
