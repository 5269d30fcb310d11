"""The chart of a month: bars that are as long as their amounts, whatever the amounts are."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.invoices.chart import BAR_LEFT, BARS_MAX, MARGIN, TICKS_MAX, WIDTH, Bar, Panel, Scale, draw

SVG = "{http://www.w3.org/2000/svg}"
AMOUNTS = st.lists(st.decimals(-(10**15), 10**15, places=2), min_size=1, max_size=50)


def panel(*amounts, currency="EUR", decimals=2):
    return Panel(currency, decimals, tuple(Bar(f"charge_{n}", Decimal(each)) for n, each in enumerate(amounts)))


def drawn(*panels, title="Billed in 2025-03, by charge"):
    return ET.fromstring(draw(title, panels))  # noqa: S314 it was written by the function under test


def texts(picture):
    return [each.text for each in picture.iter(f"{SVG}text")]


def bars(picture):
    """Each bar as (name and amount, left end, width)."""
    groups = picture.iter(f"{SVG}g")
    found = [(each.find(f"{SVG}title").text, each.find(f"{SVG}rect")) for each in groups]
    return [(text, Decimal(bar.get("x")), Decimal(bar.get("width"))) for text, bar in found]


def test_bars_are_as_long_as_their_amounts_and_the_largest_comes_first():
    small, large = bars(drawn(panel("10", "40")))[::-1]
    assert [each[0] for each in (large, small)] == ["charge_1: 40.00", "charge_0: 10.00"]
    assert large[1] == small[1] == BAR_LEFT
    assert large[2] == 4 * small[2]


def test_what_is_below_zero_lies_left_of_zero():
    above, below = bars(drawn(panel("30", "-10")))
    assert below[1] + below[2] == above[1]
    assert above[2] == 3 * below[2]


def test_each_currency_has_a_panel_with_its_total_and_decimals():
    found = texts(drawn(panel("1.5", "2"), panel("1500", currency="JPY", decimals=0)))
    assert "EUR: 3.50 together" in found
    assert "JPY: 1,500 together" in found
    assert "1,500" in found


def test_the_axis_bears_round_numbers_with_zero_among_them():
    assert [int(tick) for tick in Scale.over(panel("48", "-16.33")).ticks] == [-20, 0, 20, 40, 60]
    assert [str(tick) for tick in Scale.over(panel("0.03")).ticks] == ["0", "1/100", "1/50", "3/100"]


@given(AMOUNTS)
def test_the_axis_spans_all_amounts_with_few_even_steps(amounts):
    ticks = Scale.over(panel(*amounts)).ticks
    assert ticks[0] <= min(0, *map(Fraction, amounts)) <= max(0, *map(Fraction, amounts)) <= ticks[-1]
    assert Fraction(0) in ticks
    assert 2 <= len(ticks) <= TICKS_MAX + 1
    assert len({after - before for before, after in pairwise(ticks)}) == 1


@given(AMOUNTS)
def test_every_bar_lies_between_the_names_and_the_amounts(amounts):
    found = bars(drawn(panel(*amounts)))
    assert len(found) == min(len(amounts), BARS_MAX)
    for text, left, width in found:
        figure = text.rpartition(": ")[2]
        assert left >= BAR_LEFT
        assert width >= 0
        assert left + width <= WIDTH - MARGIN - 7 * len(figure)


def test_of_more_charges_than_are_readable_the_smallest_stand_together():
    found = bars(drawn(panel(*range(1, BARS_MAX + 6))))
    assert len(found) == BARS_MAX
    assert found[-1][0] == "6 other charges: 21.00"  # 1 + 2 + 3 + 4 + 5 + 6
    assert "EUR: 1,035.00 together" in texts(drawn(panel(*range(1, 46))))  # 45 * 46 / 2


@pytest.mark.parametrize("count", [1, BARS_MAX])
def test_the_picture_is_as_high_as_it_has_bars(count):
    picture = drawn(panel(*["1"] * count))
    lowest = max(int(each.get("y")) for each in picture.iter(f"{SVG}text"))
    assert lowest < int(picture.get("height")) <= lowest + 40


def test_a_name_is_text_and_nothing_else():
    name = '<script>&"\x0b' + "x" * 40
    picture = drawn(Panel("EUR", 2, (Bar(name, Decimal(1)),)), title=name)
    assert picture.find(f"{SVG}title").text == name.replace("\x0b", "\ufffd")
    assert any(each.endswith("…") and each.startswith('<script>&"') for each in texts(picture))


def test_nothing_billed_is_said():
    assert "Nothing was billed." in texts(drawn())


def test_amounts_that_cancel_out_or_are_zero_are_drawn():
    assert [width for *_, width in bars(drawn(panel("0", "0")))] == [0, 0]
