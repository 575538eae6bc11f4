"""Draws plots as SVG, for a page or a file of their own, in light or dark colours.

All plotted numbers come from JSON files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

Point = tuple[float, float]

_WIDTH, _HEIGHT = 600, 320  # pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 48, 44  # margins
_ROW, _LABELS, _NOTES = 26, 230, 190  # of bars: height of a row, room for label and note
_TICKS = 7  # about

# Once in a page; in a file of its own inside the picture.
STYLE = """\
:root { --ink: #24292f; --dim: #6e7781; --rule: #d0d7de; --ground: #ffffff;
  --c0: #0b6bcb; --c1: #c2410c; --c2: #15803d; --c3: #7e22ce; --c4: #a16207; --c5: #be123c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --dim: #9198a1; --rule: #3d444d; --ground: #0d1117;
    --c0: #58a6ff; --c1: #ff9b5e; --c2: #56d364; --c3: #d2a8ff; --c4: #e3b341; --c5: #ff7b93; }
}
svg text { font: 12px system-ui, sans-serif; fill: var(--dim); }
svg .title { font-weight: 600; fill: var(--ink); }
svg .rule { stroke: var(--rule); fill: none; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
"""


@dataclass(frozen=True)
class Series:
    """A line of a chart."""

    name: str
    points: Sequence[Point]  # by rising x


@dataclass(frozen=True)
class _Axis:
    """Maps values to pixels."""

    start: float  # pixels
    end: float
    low: float
    high: float

    def place(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1)
        return self.start + (self.end - self.start) * share

    def ticks(self) -> list[float]:
        step = _round_step((self.high - self.low) / _TICKS)
        return [i * step for i in range(ceil(self.low / step), floor(self.high / step + 1e-9) + 1)]


def _round_step(step: float) -> float:
    """The next larger of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** floor(log10(step or 1))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= step * 0.999)


def line_chart(title: str, series: Sequence[Series], x_label: str, y_label: str) -> str:
    """Lines over common axes from 0 up; no value is negative."""
    points = [point for line in series for point in line.points]
    across = _Axis(_LEFT, _WIDTH - _RIGHT, 0, max((x for x, _ in points), default=1))
    up = _Axis(_HEIGHT - _BOTTOM, _TOP, 0, max((y for _, y in points), default=1))
    parts = [
        _text(_LEFT, 18, title, kind="title"),
        *_frame(across, up),
        _text(_WIDTH - _RIGHT, _HEIGHT - 8, x_label, "end"),
        _text(_LEFT, _TOP - 8, y_label),
        *_legend(series),
    ]
    for i, line in enumerate(series):
        path = " ".join(f"{across.place(x):.1f},{up.place(y):.1f}" for x, y in line.points)
        parts.append(f'<polyline class="line" stroke="{_colour(i)}" points="{path}"/>')
        if len(line.points) <= 12:
            parts += [
                f'<circle r="3" fill="{_colour(i)}" cx="{across.place(x):.1f}"'
                f' cy="{up.place(y):.1f}"/>'
                for x, y in line.points
            ]
    return _svg(_HEIGHT, title, parts)


def _frame(across: _Axis, up: _Axis) -> Iterator[str]:
    """Ticks of both axes with rules through the picture."""
    for value in up.ticks():
        y = up.place(value)
        yield f'<path class="rule" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        yield _text(_LEFT - 6, y + 4, number(value), "end")
    for value in across.ticks():
        yield _text(across.place(value), _HEIGHT - _BOTTOM + 18, number(value), "middle")


def _legend(series: Sequence[Series]) -> Iterator[str]:
    if len(series) < 2:
        return
    x = _WIDTH - _RIGHT
    for i in reversed(range(len(series))):
        yield _text(x, 18, series[i].name, "end", fill=_colour(i))
        x -= 8 * len(series[i].name) + 16


@dataclass(frozen=True)
class Bar:
    """A bar with its label to the left and a note to the right."""

    label: str
    value: float
    note: str


def bar_chart(title: str, bars: Sequence[Bar], mark: float, mark_label: str) -> str:
    """Horizontal bars, and an upright line at `mark`."""
    across = _Axis(_LABELS, _WIDTH - _NOTES, 0, max([mark, *(bar.value for bar in bars)]))
    height = _TOP + _ROW * len(bars) + 16
    x = across.place(mark)
    parts = [
        _text(8, 18, title, kind="title"),
        f'<path class="rule" d="M{x:.1f} {_TOP - 4}V{height - 12}"/>',
        _text(x, _TOP - 10, mark_label, "middle"),
    ]
    for i, bar in enumerate(bars):
        y, end = _TOP + _ROW * i, across.place(bar.value)
        colour = _colour(2 if bar.value <= mark else 1)
        parts += [
            _text(_LABELS - 8, y + 14, bar.label, "end"),
            f'<rect x="{_LABELS}" y="{y + 3}" width="{end - _LABELS:.1f}" height="16"'
            f' fill="{colour}"/>',
            _text(max(end, x) + 6, y + 14, bar.note),
        ]
    return _svg(height, title, parts)


def standalone(picture: str) -> str:
    """A picture as a file of its own, with its style and ground."""
    head, rest = picture.split(">", 1)
    ground = '<rect width="100%" height="100%" fill="var(--ground)"/>'
    return f'{head} xmlns="http://www.w3.org/2000/svg">\n<style>\n{STYLE}</style>\n{ground}{rest}\n'


def number(value: float) -> str:
    """A tick's value in few letters: 0.5, 20, 3k, 1.5M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:.3g}"


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">\n'
        f"{body}\n</svg>"
    )


def _text(
    x: float, y: float, words: str, anchor: str = "start", *, kind: str = "", fill: str = ""
) -> str:
    attributes = f' class="{kind}"' if kind else ""
    attributes += f' style="fill:{fill}"' if fill else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{attributes}>'
        f"{escape(words, quote=False)}</text>"
    )


def _colour(index: int) -> str:
    return f"var(--c{index % 6})"
