"""A chart of what was billed, by charge: horizontal bars, a panel for each currency, as SVG."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from transforms.exact import Rounding, round_exact
from transforms.figures import shown
from transforms.invoices.markup import escaped, one_line
from transforms.rating.lines import exact_sum

WIDTH, MARGIN = 960, 24
BAR_LEFT = 270  # the names stand before it
DIGIT, NEAREST = 8, 300  # widths: of a figure's character, and of the bars at least
ROW, BAR = 24, 16  # heights
TITLE, HEADING, AXIS, GAP = 56, 34, 30, 18  # heights
NAME_MAX = 32  # characters
BARS_MAX = 40
TICKS_MAX = 6
STEPS = (1, 2, 5, 10)
ABOVE, BELOW = "#2f6fb0", "#c05a3c"  # they differ in lightness too
STYLE = (
    'text{font:13px system-ui,"Segoe UI","Liberation Sans",Arial,sans-serif;fill:#1b1f24}'
    ".title{font-size:18px;font-weight:600}.heading{font-size:14px;font-weight:600}"
    ".tick{font-size:11px;fill:#57606a}.end{text-anchor:end}.middle{text-anchor:middle}"
    ".grid{stroke:#e1e4e8}.zero{stroke:#57606a}"
)


@dataclass(frozen=True)
class Bar:
    """What a charge came to."""

    name: str
    amount: Decimal


@dataclass(frozen=True)
class Panel:
    """The charges of a currency; `decimals` are the currency's."""

    currency: str
    decimals: int
    bars: tuple[Bar, ...]

    @property
    def shown_bars(self) -> list[Bar]:
        """The bars by amount, largest first; of more than fit the smallest stand together as one."""
        by_size = sorted(self.bars, key=lambda bar: (-abs(bar.amount), bar.name))
        rest = by_size[BARS_MAX - 1 :] if len(by_size) > BARS_MAX else []
        together = [Bar(f"{len(rest)} other charges", exact_sum(bar.amount for bar in rest))] if rest else []
        first = by_size[: len(by_size) - len(rest)]
        return [*sorted(first, key=lambda bar: (-bar.amount, bar.name)), *together]

    @property
    def height(self) -> int:
        """How much room it takes."""
        return HEADING + ROW * len(self.shown_bars) + AXIS + GAP


@dataclass(frozen=True)
class Scale:
    """The axis of a panel: its ticks, evenly spaced from the lowest to the highest, 0 among them."""

    ticks: tuple[Fraction, ...]
    right: int

    @classmethod
    def over(cls, panel: Panel) -> "Scale":
        """Span a panel's amounts and 0 with few round ticks; what the amounts need, as text, is left to their right."""
        amounts = [bar.amount for bar in panel.shown_bars]
        widest = max(len(shown(amount, panel.decimals)) for amount in amounts)
        right = max(WIDTH - 2 * MARGIN - DIGIT * widest, BAR_LEFT + NEAREST)
        values = [Fraction(0), *map(Fraction, amounts)]
        low, high = min(values), max(values)
        step = _round_step((high - low) or Fraction(1))
        first, last = low // step, -(-high // step)
        return cls(tuple(step * number for number in range(first, max(last, first + 1) + 1)), right)

    def x(self, value: Fraction) -> Fraction:
        """Tell where a value lies between the two ends of the bars."""
        low, high = self.ticks[0], self.ticks[-1]
        return BAR_LEFT + (value - low) / (high - low) * (self.right - BAR_LEFT)


def draw(title: str, panels: Sequence[Panel]) -> str:
    """Draw a chart as one SVG document; without panels it says that nothing was billed."""
    height = TITLE + (sum(panel.height for panel in panels) or ROW)
    body = [line for top, panel in _stacked(panels) for line in _panel(panel, top)]
    nothing = [] if panels else [_text(MARGIN, TITLE, "Nothing was billed.")]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img">',
        f"<title>{escaped(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        _text(MARGIN, 34, title, "title"),
        *body,
        *nothing,
        "</svg>\n",
    ])  # fmt: skip


def _stacked(panels: Iterable[Panel]) -> Iterator[tuple[int, Panel]]:
    top = TITLE
    for panel in panels:
        yield top, panel
        top += panel.height


def _panel(panel: Panel, top: int) -> Iterator[str]:
    bars, first = panel.shown_bars, top + HEADING
    scale, bottom = Scale.over(panel), first + ROW * len(bars)
    total = shown(exact_sum(bar.amount for bar in bars), panel.decimals)
    yield _text(MARGIN, top + 18, f"{panel.currency}: {total} together", "heading")
    for tick in scale.ticks:
        yield _line(scale.x(tick), first, bottom, "grid")
        yield _text(scale.x(tick), bottom + 16, _tick(tick), "tick middle")
    for number, bar in enumerate(bars):
        yield from _bar(bar, scale, first + ROW * number, panel.decimals)
    yield _line(scale.x(Fraction(0)), first, bottom, "zero")


def _bar(bar: Bar, scale: Scale, top: int, decimals: int) -> Iterator[str]:
    ends = sorted((scale.x(Fraction(0)), scale.x(Fraction(bar.amount))))
    fill, baseline = BELOW if bar.amount < 0 else ABOVE, top + ROW // 2 + 5
    yield f"<g><title>{escaped(bar.name)}: {shown(bar.amount, decimals)}</title>"
    yield _text(BAR_LEFT - 12, baseline, _short(bar.name), "end")
    yield (
        f'<rect x="{_place(ends[0])}" y="{top + (ROW - BAR) // 2}" width="{_place(ends[1] - ends[0])}" '
        f'height="{BAR}" fill="{fill}"/>'
    )
    yield _text(WIDTH - MARGIN, baseline, shown(bar.amount, decimals), "end")
    yield "</g>"


def _round_step(span: Fraction) -> Fraction:
    """Find the smallest of 1, 2, 5, times a power of ten, that few ticks of span this."""
    power = Fraction(10) ** (len(str(span.numerator)) - len(str(span.denominator)) - 2)
    while power * STEPS[-1] * (TICKS_MAX - 1) < span:
        power *= 10
    return next(power * step for step in STEPS if power * step * (TICKS_MAX - 1) >= span)


def _tick(value: Fraction) -> str:
    """Write the value of a tick, which is a round number: it ends."""
    return shown(Decimal(value.numerator) / Decimal(value.denominator))


def _short(name: str) -> str:
    line = one_line(name)
    return line if len(line) <= NAME_MAX else f"{line[: NAME_MAX - 1]}…"


def _text(x: Fraction | int, y: int, text: str, classes: str = "") -> str:
    named = f' class="{classes}"' if classes else ""
    return f'<text x="{_place(Fraction(x))}" y="{y}"{named}>{escaped(text)}</text>'


def _line(x: Fraction, top: int, bottom: int, kind: str) -> str:
    return f'<line x1="{_place(x)}" x2="{_place(x)}" y1="{top}" y2="{bottom}" class="{kind}"/>'


def _place(value: Fraction) -> str:
    """Write a coordinate; two decimals are finer than any screen."""
    return f"{round_exact(value, 2, Rounding.HALF_UP):f}"
