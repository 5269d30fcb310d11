"""Grouping: which usage records are added up before they meet the price."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from transforms.catalog.charge import Charge, RatingGroup
from transforms.rating.fields import text_of
from transforms.rating.usage import BilledKey, ChargePeriod, RatingError, UsageLine


@dataclass(frozen=True)
class Group:
    """The usage that is rated as one, in the order of its record ids; `owner` says whose it is.

    A `lost` group was billed before and has no usage any more, as after a change of the rating group: it owes nothing.
    """

    owner: ChargePeriod
    charge: Charge
    key: str
    lines: tuple[UsageLine, ...]
    lost: bool = False

    @property
    def billed_key(self) -> BilledKey:
        """What earlier rated items of this group are found by."""
        return (self.owner.charge_number, self.owner.period_start, self.key)

    @property
    def place(self) -> tuple[str, str, datetime, str]:
        """By what groups follow one another."""
        return (self.owner.account_number, *self.billed_key)


def group_usage(
    lines: Iterable[UsageLine],
    charges: Mapping[str, Charge],
    billed: Collection[BilledKey],
    subscribed: Iterable[ChargePeriod] = (),
) -> list[Group]:
    """Group usage by charge, billing period and the charge's rating group, in one order whatever the order given.

    A flat fee, or what is prepaid, has its group also where one of the `subscribed` charge periods has no usage.
    RatingError for a record given twice, an unknown charge, a unit that is not the charge's, or a charge number
    that stands for two things.
    """
    ordered = sorted(lines, key=lambda line: line.record_id)
    _check_records(ordered)
    members: dict[BilledKey, list[UsageLine]] = {}
    owners = _owners(ordered)
    for line, first in _with_first(ordered):
        key = (line.charge_number, line.period_start, group_key(first, _charge_of(line, charges)))
        members.setdefault(key, []).append(line)
    for each in subscribed:
        if each.charge in charges and charges[each.charge].owed_by_period:
            owner = owners.setdefault((each.charge_number, each.period_start), each)
            members.setdefault((owner.charge_number, owner.period_start, ""), [])
    keys = members.keys() | {key for key in billed if key[:2] in owners}
    groups = (_group(owners[key[:2]], key, members, charges) for key in keys)
    return sorted(groups, key=lambda group: group.place)


def group_key(line: UsageLine, charge: Charge) -> str:
    """Name the group of a record within its charge and billing period; a date is the account's own.

    Records without a group id form one group. RatingError for a record of no import where uploads are the groups.
    """
    match charge.rating_group:
        case RatingGroup.BILLING_PERIOD:
            return ""
        case RatingGroup.START_DATE:
            return line.start_date.isoformat()
        case RatingGroup.RECORD:
            return str(line.first_record_id)
        case RatingGroup.UPLOAD:
            return _import_of(line)
        case RatingGroup.GROUP_ID:
            return text_of(line.custom_fields, charge.group_field or "")
        case _:
            assert_never(charge.rating_group)


def _import_of(line: UsageLine) -> str:
    if not line.import_id:
        raise RatingError(f"record {line.record_id} has no import, but its charge is rated by upload")
    return line.import_id


def _owners(lines: list[UsageLine]) -> dict[tuple[object, ...], ChargePeriod]:
    """Find whose each charge and period is; RatingError where records disagree."""
    first: dict[tuple[object, ...], UsageLine] = {}
    for line in lines:
        _check_owner(line, first.setdefault((line.charge_number, line.period_start), line))
    return dict(first)


def _with_first(lines: list[UsageLine]) -> Iterator[tuple[UsageLine, UsageLine]]:
    """Give each record with the one that it corrects, itself where it corrects none: an adjustment joins its group."""
    corrected = {line.corrects for line in lines if line.corrects is not None}
    known = {
        (line.record_id, line.charge_number, line.period_start): line for line in lines if line.record_id in corrected
    }
    for line in lines:
        if line.corrects is None:
            yield line, line
        else:
            yield line, known.get((line.corrects, line.charge_number, line.period_start), line)


def _group(
    owner: ChargePeriod, key: BilledKey, members: Mapping[BilledKey, list[UsageLine]], charges: Mapping[str, Charge]
) -> Group:
    return Group(owner, charges[owner.charge], key[2], tuple(members.get(key, ())), lost=key not in members)


def _check_records(lines: list[UsageLine]) -> None:
    twice = sorted(record for record, times in Counter(line.record_id for line in lines).items() if times > 1)
    if twice:
        raise RatingError(f"records given more than once would be billed twice: {twice[:10]}")


def _check_owner(line: UsageLine, owner: UsageLine) -> None:
    if _owned(line) != _owned(owner):
        raise RatingError(
            f"records {owner.record_id} and {line.record_id} both name charge number {line.charge_number}, "
            "but differ in account, subscription, charge or end of the billing period"
        )


def _owned(line: UsageLine) -> tuple[object, ...]:
    return (line.account_number, line.subscription_number, line.charge, line.period_end)


def _charge_of(line: UsageLine, charges: Mapping[str, Charge]) -> Charge:
    """Find the charge of a record and hold their units against each other."""
    if line.charge not in charges:
        raise RatingError(f"record {line.record_id} names charge {line.charge!r}, which the catalog does not know")
    charge = charges[line.charge]
    if not charge.takes_usage:
        raise RatingError(f"record {line.record_id} names charge {line.charge!r}, which takes no usage of its own")
    if line.uom != charge.uom:
        raise RatingError(
            f"record {line.record_id} counts {line.uom!r}, but charge {line.charge!r} is billed in {charge.uom!r}"
        )
    return charge
