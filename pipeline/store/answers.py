"""Answers to calls that bear an Idempotency-Key: the same call, sent again, is answered and not carried out again."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.tables import answers


@dataclass(frozen=True)
class Answered:
    """A call that came before under a key; `status_code` and `body` are None while it has not ended, or if it died."""

    request_hash: str
    created_at: datetime
    status_code: int | None
    body: str | None


def claim(connection: sa.Connection, client: str, key: str, request_hash: str) -> Answered | None:
    """Take a key for a call that is about to be carried out; gives the earlier call when the key is taken."""
    values = {"client": client, "idempotency_key": key, "request_hash": request_hash}
    added = connection.execute(insert(answers).values(values).on_conflict_do_nothing().returning(answers.c.client))
    if added.first():
        return None
    columns = (answers.c[name] for name in Answered.__dataclass_fields__)
    row = connection.execute(sa.select(*columns).where(_is(client, key))).mappings().first()
    # It was given back in this moment: then it can be taken.
    return Answered(**row) if row else claim(connection, client, key, request_hash)


def take_over(connection: sa.Connection, client: str, key: str, before: datetime) -> bool:
    """Take the key of a call that has no answer and began before an instant; False when it is not so."""
    broke_off = answers.c.status_code.is_(None) & (answers.c.created_at < before)
    statement = sa.update(answers).where(_is(client, key), broke_off).values(created_at=sa.func.now())
    return connection.execute(statement).rowcount == 1


def keep(connection: sa.Connection, client: str, key: str, status_code: int, body: str) -> None:
    """Keep the answer to a call that was carried out."""
    connection.execute(sa.update(answers).where(_is(client, key)).values(status_code=status_code, body=body))


def release(connection: sa.Connection, client: str, key: str) -> None:
    """Give back the key of a call that was refused and changed nothing."""
    connection.execute(sa.delete(answers).where(_is(client, key)))


def drop_before(connection: sa.Connection, at: datetime) -> int:
    """Drop what was answered before an instant; tells how many rows."""
    return connection.execute(sa.delete(answers).where(answers.c.created_at < at)).rowcount


def _is(client: str, key: str) -> sa.ColumnElement[bool]:
    return (answers.c.client == client) & (answers.c.idempotency_key == key)
