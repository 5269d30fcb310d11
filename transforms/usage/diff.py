"""What a load would change: usage on its way in against what the store holds, in records, quantity and money."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

KINDS = ("added", "changed", "removed", "same")
ZERO = Decimal(0)


@dataclass(frozen=True)
class Part:
    """So many records of one kind: their quantity `before` and `after`; `moved` adds up each one's change, unsigned."""

    records: int = 0
    before: Decimal = ZERO
    after: Decimal = ZERO
    moved: Decimal = ZERO


@dataclass(frozen=True)
class Diff:
    """What a load adds, changes, removes and leaves as it is; quantities in `uom`.

    `money` is by how much the charges that were rated before would come to more, by currency.
    """

    uom: str
    parts: Mapping[str, Part]
    money: Mapping[str, Decimal] = field(default_factory=dict)

    def __getitem__(self, kind: str) -> Part:
        """Give the part of one of the KINDS."""
        return self.parts.get(kind, Part())

    @property
    def share(self) -> Fraction:
        """Tell which part of what is held would move: 0 where nothing is held, for then nothing changes."""
        held = sum((abs(self[kind].before) for kind in KINDS), ZERO)
        moved = sum((self[kind].moved for kind in ("changed", "removed")), ZERO)
        if held:
            return Fraction(moved) / Fraction(held)
        return Fraction(1 if moved else 0)

    @property
    def changes(self) -> bool:
        """Tell whether anything is added, changed or removed."""
        return any(self[kind].records for kind in KINDS[:3])

    def needs_approval(self, above: Decimal | None) -> bool:
        """Tell whether more moves than may without a person's word: a share of what is held; None is no limit."""
        return above is not None and self.share > Fraction(above)

    def summary(self) -> dict[str, object]:
        """Give it as JSON would have it, every number as text."""
        parts = {
            kind: {"records": part.records, "before": f"{part.before:f}", "after": f"{part.after:f}"}
            for kind in KINDS
            if (part := self[kind]).records
        }
        money = {currency: f"{amount:f}" for currency, amount in sorted(self.money.items())}
        return {"uom": self.uom, **parts, "money": money}
