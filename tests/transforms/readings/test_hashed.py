"""Hashes of text are stored, and so may never change."""

import hashlib

import ibis
import pyarrow as pa
import pytest

from transforms.readings.hashed import halves

LOWEST = 2**63  # of 64 bits, counted from here
TEXTS = ["", "a", "\x1f", "evt-00042", "A-1\x1fS-1", "Zähler 7", *(f"meter {number}" for number in range(200))]


def hashed(texts):
    rows = ibis.memtable(pa.table({"text": texts}))
    high, low = halves(rows.text)
    engine = ibis.duckdb.connect()
    engine.create_table("hashes", rows.select(high=high, low=low))
    found = engine.con.execute("FROM hashes").to_arrow_table()
    assert set(found.schema.types) == {pa.int64()}, "in the engine, too, they take 64 bits and no more"
    return list(zip(*found.to_pydict().values(), strict=True))


def by_python(text):
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return tuple(int.from_bytes(half, "little") - LOWEST for half in (digest[:8], digest[8:]))


def test_a_text_is_hashed_to_the_halves_of_its_md5_counted_from_the_lowest_number_of_64_bits():
    assert hashed(TEXTS) == [by_python(text) for text in TEXTS]


@pytest.mark.parametrize(
    ("text", "high", "low"),
    [
        ("", -8885038497018405420, -125264144566222615),
        ("evt-00042", 7791740729418570193, 4630627270229744869),
        ("A-1\x1f", -4192135395046619127, -5357568735817876939),
    ],
)
def test_the_hashes_that_are_stored_never_change(text, high, low):
    assert hashed([text]) == [(high, low)]
