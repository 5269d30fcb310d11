"""A tally counts every problem, keeps the first ones, and says so in what a status holds."""

from transforms.upload.reasons import Problem, Reason
from transforms.upload.tally import KEPT_MAX, Tally


def _tally(count, found="x"):
    tally = Tally()
    tally.add(Problem(Reason.QUANTITY_MALFORMED, "QTY", found, row, row + 1) for row in range(count, 0, -1))
    return tally


def test_problems_are_told_row_by_row_with_the_number_of_the_others():
    lines = _tally(25).reason().splitlines()
    assert lines[0] == "25 problems in 25 rows"
    assert lines[1].startswith("row 1 (line 2), QTY: quantity_malformed 'x'; ")
    assert lines[-1] == f"and {25 - len(lines[1:-1])} more: see the result file"


def test_a_reason_always_fits_and_a_long_cell_is_cut():
    text = _tally(300, "x" * 1000).reason()
    assert len(text) <= 2000
    assert "x" * 61 not in text


def test_more_problems_than_are_kept_are_all_counted():
    tally = _tally(KEPT_MAX + 5)
    assert (tally.count, len(tally.kept), len(tally.rows)) == (KEPT_MAX + 5, KEPT_MAX, KEPT_MAX + 5)
    assert tally.codes == {"quantity_malformed": KEPT_MAX + 5}


def test_one_problem_of_the_whole_file_is_told_as_such():
    tally = Tally()
    tally.add([Problem(Reason.NO_ROWS)])
    assert tally.reason() == "1 problem in 0 rows\nfile: no_rows; add rows below the header"
