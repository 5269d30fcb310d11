"""Grouping: which usage records are added up before they meet the price."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never
from zoneinfo import ZoneInfo

from transforms.charge import Charge, RatingGroup
from transforms.rating.usage import BilledKey, RatingError, UsageLine


@dataclass(frozen=True)
class Group:
    """The usage that is rated as one, in the order of its record ids; `owner` says whose it is.

    A group without lines was billed before and has lost its usage, as after a change of the rating group.
    """

    owner: UsageLine
    charge: Charge
    key: str
    lines: tuple[UsageLine, ...]

    @property
    def billed_key(self) -> BilledKey:
        """What earlier rated items of this group are found by."""
        return (self.owner.charge_number, self.owner.period_start, self.key)


def group_usage(
    lines: Iterable[UsageLine], charges: Mapping[str, Charge], billed: Collection[BilledKey]
) -> list[Group]:
    """Group usage by charge, billing period and the charge's rating group, in one order whatever the order given.

    RatingError for a record given twice, an unknown charge, a unit that is not the charge's, or a charge number
    that stands for two things.
    """
    ordered = sorted(lines, key=lambda line: line.record_id)
    _check_records(ordered)
    members: defaultdict[BilledKey, list[UsageLine]] = defaultdict(list)
    owners: dict[tuple[object, ...], UsageLine] = {}
    for line in ordered:
        _check_owner(line, owners.setdefault((line.charge_number, line.period_start), line))
        members[line.charge_number, line.period_start, group_key(line, _charge_of(line, charges))].append(line)
    keys = members.keys() | {key for key in billed if key[:2] in owners}
    groups = (_group(owners[key[:2]], key[2], members[key], charges) for key in keys)
    return sorted(groups, key=lambda group: (group.owner.account_number, *group.billed_key))


def group_key(line: UsageLine, charge: Charge) -> str:
    """Name the group of a record within its charge and billing period; a date is the account's own."""
    match charge.rating_group:
        case RatingGroup.BILLING_PERIOD:
            return ""
        case RatingGroup.START_DATE:
            return line.start_at.astimezone(ZoneInfo(line.time_zone)).date().isoformat()
        case RatingGroup.RECORD:
            return str(line.record_id if line.corrects is None else line.corrects)
        case _:
            assert_never(charge.rating_group)


def _group(owner: UsageLine, key: str, lines: list[UsageLine], charges: Mapping[str, Charge]) -> Group:
    return Group(owner, charges[owner.charge], key, tuple(lines))


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
    if line.uom != charge.uom:
        raise RatingError(
            f"record {line.record_id} counts {line.uom!r}, but charge {line.charge!r} is billed in {charge.uom!r}"
        )
    return charge
