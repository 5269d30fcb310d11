"""Why a row is no reading, and which keys of its source say how it is read: there the mend is, unless it is a fault."""

STAMP = ("time.format", "columns.at")
NUMBER = ("value.decimal_mark", "value.thousands_mark", "value.format", "value.nulls")
REVISION = ("revisions", "columns.revision")

KEYS = {
    "ambiguous_at": ("time.fold", "time.zone"),
    "at_out_of_range": STAMP,
    "beyond_day_end": ("time.zone", "interval_seconds"),
    "missing_account": ("columns.account", "leave_out"),
    "missing_at": ("columns.at", "leave_out"),
    "missing_event_id": ("columns.event_id", "leave_out"),
    "missing_value": ("value.nulls", "leave_out"),
    "nonexistent_at": ("time.gap", "time.zone"),
    "other_unit": ("format.unit",),
    "ragged_row": ("format.delimiter", "format.quote", "format.escape", "leave_out"),
    "too_many_decimals": ("value.decimals",),
    "unknown_revision": REVISION,
    "unreadable_at": STAMP,
    "unreadable_line": ("format.kind",),
    "unreadable_parts": ("columns",),
    "unreadable_record": ("format.records",),
    "unreadable_revision": REVISION,
    "unreadable_value": NUMBER,
    "value_out_of_range": ("value.digits", "value.decimals"),
}


def advice(reason: str) -> str:
    """Name the keys to look at, to be added to what is told of a reason; empty for one that no key is about."""
    return f"; is {' or '.join(keys)} of the source right?" if (keys := KEYS.get(reason)) else ""
