import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.errors import MeterbridgeError
from transforms.quantities.reconcile import PLACES, Ledger, LedgerLine, UnexplainedRowsError, check, merge


def ledger(landed, *lines):
    return Ledger("cpu_peak", "2014-02", landed, tuple(LedgerLine(*line) for line in lines))


PLACED = [
    ("billed", "", 5),
    ("pending", "", 4),
    ("duplicate", "same_content", 3),
    ("quarantined", "unknown_account", 2),
    ("quarantined", "no_charge", 1),
]


def test_a_ledger_that_adds_up_is_given_back():
    right = ledger(15, *PLACED)
    assert right.unexplained == 0
    assert check(right) is right


def test_a_period_in_which_nothing_landed_adds_up():
    assert check(ledger(0)).unexplained == 0


def test_rows_in_one_place_are_counted_whatever_the_reason():
    assert [ledger(15, *PLACED).rows(place) for place in PLACES] == [5, 4, 0, 3, 0, 3, 0, 0]


@pytest.mark.parametrize(("landed", "unexplained"), [(16, 1), (14, -1), (0, -15)])
def test_rows_that_are_nowhere_or_in_two_places_are_refused_with_meter_period_and_places(landed, unexplained):
    wrong = ledger(landed, *PLACED)
    assert wrong.unexplained == unexplained
    message = (
        rf"meter cpu_peak, period 2014-02: {landed} rows landed, but {unexplained} of them are unexplained "
        r"\(billed 5, pending 4, duplicate 3, quarantined 3\); nothing was loaded"
    )
    with pytest.raises(UnexplainedRowsError, match=message):
        check(wrong)


def test_rows_that_landed_and_are_in_no_place_at_all_are_refused():
    with pytest.raises(MeterbridgeError, match=r"7 rows landed, but 7 .* \(none is anywhere\)"):
        check(ledger(7))


def test_lines_of_one_place_and_reason_are_added_up_in_the_order_of_places():
    lines = [
        LedgerLine("quarantined", "unknown_account", 2, "account A-9"),
        LedgerLine("pending", "", 4),
        LedgerLine("quarantined", "no_charge", 1),
        LedgerLine("quarantined", "unknown_account", 3, "account A-8"),
        LedgerLine("billed", "", 5),
    ]
    assert merge(lines) == (
        LedgerLine("billed", "", 5),
        LedgerLine("pending", "", 4),
        LedgerLine("quarantined", "no_charge", 1),
        LedgerLine("quarantined", "unknown_account", 5, "account A-9"),
    )


LINES = st.lists(st.builds(LedgerLine, st.sampled_from(PLACES), st.sampled_from(["", "x", "y"]), st.integers(0, 99)))


@given(LINES)
def test_adding_up_lines_loses_and_invents_no_row(lines):
    merged = merge(lines)
    assert sum(line.rows for line in merged) == sum(line.rows for line in lines)
    assert len({(line.place, line.reason) for line in merged}) == len(merged)
    assert merge(merged) == merged
