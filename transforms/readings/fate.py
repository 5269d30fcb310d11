"""What becomes of a reading: exactly one fate for each, with the place and the reason that the ledger gives it."""

from enum import IntEnum


class Fate(IntEnum):
    """Numbers, because an engine groups by them faster than by words."""

    USED = 0
    SAME_CONTENT = 1
    CONFLICTING = 2
    REPEATED = 3
    SUPERSEDED = 4
    FILTERED = 5
    OUTSIDE = 6
    REFUSED = 7
    UNKNOWN = 8
    BEFORE = 9
    AFTER = 10
    ELSEWHERE = 11  # another charge's, since one followed the other: told there


LEFT_OUT = "left_out"  # of a row that is no reading by what its source declares: it lies beside the quarantined ones

# (place, reason) of a period's readings. Why one is refused or unknown, its account tells.
LEDGER = {
    Fate.USED: ("used", ""),
    Fate.SAME_CONTENT: ("duplicate", "same_content"),
    Fate.CONFLICTING: ("quarantined", "conflicting_duplicate"),
    Fate.REPEATED: ("quarantined", "repeated_reading"),
    Fate.SUPERSEDED: ("superseded", "later_revision"),
    Fate.FILTERED: ("out_of_scope", "filtered"),
    Fate.OUTSIDE: ("out_of_scope", "outside_subscription"),
}
