"""Identities made of content: the same usage has the same names, whatever file, run, order or day brought it."""

import hashlib
from collections.abc import Iterable, Mapping

from transforms.period import Period

LENGTH = 32  # hex digits, as the billing platform's ids


def digest(*parts: str) -> str:
    """Hash texts to 64 hex digits; no two lists of parts run into one another."""
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def record_key(charge_number: str, start_us: int, attributes: Mapping[str, str]) -> str:
    """Name a usage record by what may exist once: charge, start of service, and the attributes that it is split by."""
    fields = [f"{name}={value}" for name, value in sorted(attributes.items())]
    return digest("record", charge_number, str(start_us), *fields)


def content_hash(meter: str, period: Period, records: Iterable[str]) -> str:
    """Hash the canonical hashes of a meter's records of a period, which come in the order of their keys.

    Several may come as one text, a line each.
    """
    found = hashlib.sha256(digest("content", meter, str(period)).encode())
    for canonical in records:
        found.update(f"{canonical}\n".encode())
    return found.hexdigest()


def import_id(content: str, follows: str | None) -> str:
    """Name an import by its content and the import that it supersedes: A, then B, then A are three imports."""
    return digest("import", content, follows or "")[:LENGTH]


def bill_run_id(period: Period, ordinal: int) -> str:
    """Name a bill run by its period, and which of the period's bill runs it is, from 1."""
    return digest("bill run", str(period), str(ordinal))[:LENGTH]
