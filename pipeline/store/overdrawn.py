"""Usage that was priced although there are prepaid units for it now: they came back after its bill run."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from pipeline.store.many import among
from pipeline.store.tables import funds, rated_items, subscribed_charges
from transforms.period import Period

KEY = (rated_items.c.charge_number, rated_items.c.period_start, rated_items.c.group_key)


@dataclass(frozen=True)
class Draws:
    """A charge that draws prepaid units of `uom`: `least` is what its smallest quantity of usage draws."""

    charge: str
    uom: str
    least: Decimal


def overdrawn_periods(
    connection: sa.Connection, draws: Collection[Draws], of_accounts: Collection[str]
) -> list[Period]:
    """List the periods whose last items priced usage for which a fund has units now; they are to be billed again.

    `of_accounts` are the prepaid charges whose funds serve all subscriptions of an account.
    """
    drawing = (
        sa.func.unnest(
            sa.literal([each.charge for each in draws], ARRAY(sa.Text)),
            sa.literal([each.uom for each in draws], ARRAY(sa.Text)),
            sa.literal([each.least for each in draws], ARRAY(sa.Numeric)),
        )
        .table_valued("charge", "uom", "least")
        .render_derived()
    )
    mine = among(rated_items.c.charge, [each.charge for each in draws])
    latest = sa.select(sa.func.max(rated_items.c.item_id)).where(mine).group_by(*KEY)
    last = sa.select(rated_items).where(rated_items.c.item_id.in_(latest)).subquery()
    statement = sa.select(last.c.period).distinct().join(drawing, drawing.c.charge == last.c.charge)
    statement = statement.where(last.c.quantity > _covered(last), drawing.c.least <= _there(last, drawing, of_accounts))
    return sorted(map(Period.parse, connection.execute(statement).scalars())) if draws else []


def _covered(last: sa.Subquery) -> sa.ScalarSelect[Decimal]:
    """Tell how many of an item's units are prepaid."""
    lines = sa.func.jsonb_array_elements(last.c.breakdown).table_valued("value")
    units = sa.cast(lines.c.value.op("->>")("units"), sa.Numeric)
    statement = sa.select(sa.func.coalesce(sa.func.sum(units), 0)).select_from(lines)
    return statement.where(lines.c.value.op("->>")("format") == "prepaid").scalar_subquery()


def _there(last: sa.Subquery, drawing: sa.TableValuedAlias, of_accounts: Collection[str]) -> sa.ScalarSelect[Decimal]:
    """Add up the funds that serve an item's usage, and what was rolled over out of them: rating takes it back."""
    source = funds.alias("source")
    from_source = (
        (funds.c.kind == "rolled")
        & (source.c.kind == "bought")
        & (source.c.charge_number == funds.c.charge_number)
        & (source.c.end_at == funds.c.start_at)
    )
    joined = funds.join(subscribed_charges, subscribed_charges.c.charge_number == funds.c.charge_number)
    start = sa.func.coalesce(source.c.start_at, funds.c.start_at)
    whose = (funds.c.subscription_number == last.c.subscription_number) | among(
        subscribed_charges.c.charge, of_accounts
    )
    statement = sa.select(sa.func.coalesce(sa.func.sum(funds.c.balance), 0))
    statement = statement.select_from(joined.outerjoin(source, from_source))
    statement = statement.where(funds.c.account_number == last.c.account_number, funds.c.uom == drawing.c.uom, whose)
    return statement.where(start < last.c.period_end, funds.c.end_at > last.c.period_start).scalar_subquery()
