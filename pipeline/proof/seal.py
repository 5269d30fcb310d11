"""The seal of a billed period: a manifest of what it was made of and by which rules, named by the hash of its bytes."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.durable import aside, publish, sha256
from pipeline.proof.sealed_rules import Rules
from transforms.errors import MeterbridgeError

FOLDER = "closed"


class BrokenSealError(MeterbridgeError):
    """A manifest is missing, or is not what was sealed; the message says where it should be."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SealedFile(_Part):
    """A file by its path below its folder in the home, and the SHA-256 of its bytes."""

    path: str
    sha256: str


class SealedMeter(_Part):
    """A meter's active import: the landed files by id, and the keys that they give and no billed record stands for."""

    import_id: str
    files: dict[str, SealedFile]
    left_out: list[str]


class Figures(_Part):
    """How many there are, what they come to by unit or currency, and a hash of their canonical texts."""

    count: int
    sums: dict[str, str]
    sha256: str


class Manifest(_Part):
    """All that a billed period consists of; `former` is the hash of the manifest that it takes the place of."""

    period: str
    former: str | None
    rules: Rules
    meters: dict[str, SealedMeter]
    uploads: dict[str, SealedFile]
    bill_runs: list[str]
    records: Figures
    items: Figures
    exports: list[SealedFile]

    @property
    def content(self) -> bytes:
        """Write it in the one way that its hash is made of."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode() + b"\n"


def hash_of(lines: Iterable[str]) -> str:
    """Hash texts, whatever order they come in."""
    found = hashlib.sha256()
    for line in sorted(lines):
        found.update(f"{line}\n".encode())
    return found.hexdigest()


def write(manifest: Manifest, home: Path) -> SealedFile:
    """Write a manifest below the home's closed folder, under the hash of its bytes."""
    with aside(home / FOLDER) as written:
        written.write_bytes(manifest.content)
        found = sha256(written)
        path = f"{manifest.period}/{found}.json"
        publish(written, home / FOLDER / path)
    return SealedFile(path=path, sha256=found)


def read(sealed: SealedFile, home: Path) -> Manifest:
    """Read a manifest back; BrokenSealError when its bytes are not those that were sealed."""
    path = home / FOLDER / sealed.path
    if not path.is_file():
        raise BrokenSealError(f"the manifest {path} is missing; restore it from a backup")
    if sha256(path) != sealed.sha256:
        raise BrokenSealError(f"the manifest {path} is not what was sealed: its bytes differ; restore it from a backup")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BrokenSealError(f"the manifest {path} was sealed by another version of Meterbridge: {error}") from error
