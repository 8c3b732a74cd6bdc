"""Stacked bars per day, drawn twice from one description: as SVG for the first paint, and for Plotly.

Colours are classes (`series-3`) here and are resolved in the browser, so both themes work. Every text
is escaped: names of models and users are data. No Django here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from html import escape
from math import ceil
from typing import Any

from providers.format import money

STEPS = [Decimal(n) for n in ("1", "1.5", "2", "2.5", "3", "4", "5", "6", "8", "10")]
GRID_LINES = 4
BAR_SHARE, WIDEST_BAR, LABEL_WIDTH, LETTER_WIDTH = 0.75, 56.0, 40.0, 6.4
# A limit that stands so far above all bars that it would flatten them is told in words instead.
LIMIT_IN_VIEW = Decimal(3)


@dataclass(frozen=True, slots=True)
class Bar:
    """One day. `parts` are dollars in the order of the series; `title` is what it says on focus."""

    key: str
    label: str
    title: str
    url: str
    parts: tuple[Decimal, ...]
    today: bool = False

    @property
    def total(self) -> Decimal:
        return sum(self.parts, Decimal(0))


@dataclass(frozen=True, slots=True)
class Limit:
    """A line across the bars, in steps: `dollars` of each bar. `note`: what is said after its amount."""

    name: str
    dollars: tuple[Decimal, ...]
    note: str = ""

    def label(self, dollars: Decimal) -> str:
        return f"{self.name} {money(dollars, 2)}{self.note}"

    def steps(self, most: Decimal) -> list[tuple[int, int, Decimal]]:
        """(first bar, bar after the last, dollars) of each level; those of nothing and above `most` left out."""
        found: list[tuple[int, int, Decimal]] = []
        for n, dollars in enumerate(self.dollars):
            if found and found[-1][1:] == (n, dollars):
                found[-1] = (found[-1][0], n + 1, dollars)
            elif 0 < dollars <= most:
                found.append((n, n + 1, dollars))
        return found


@dataclass(frozen=True, slots=True)
class Chart:
    """`series` are (label, colour slot; 0 is other)."""

    name: str
    series: tuple[tuple[str, int], ...]
    bars: tuple[Bar, ...]
    limit: Limit | None = None

    @property
    def highest(self) -> Decimal:
        return max((bar.total for bar in self.bars), default=Decimal(0))

    @property
    def limit_steps(self) -> list[tuple[int, int, Decimal]]:
        return self.limit.steps(self.highest * LIMIT_IN_VIEW) if self.limit else []

    @property
    def limit_label(self) -> str:
        """Of the last level that is in view; empty without any."""
        return self.limit.label(self.limit_steps[-1][2]) if self.limit and self.limit_steps else ""

    def limit_label_at(self, width: float) -> tuple[int, Decimal]:
        """The bar that the limit's label ends before, and dollars: above these no step runs through it."""
        steps, name = self.limit_steps, self.limit_label
        bars = min(len(self.bars), ceil(len(name) * LETTER_WIDTH * len(self.bars) / width))
        end = max(steps[-1][1], bars)
        return end, max(dollars for _, after, dollars in steps if after > end - bars)

    def last(self, days: int) -> "Chart":
        limit = replace(self.limit, dollars=self.limit.dollars[-days:]) if self.limit else None
        return Chart(self.name, self.series, self.bars[-days:], limit)

    def grid(self) -> list[Decimal]:
        """Dollars of the grid lines, from zero to just above everything."""
        top = max([self.highest, *(dollars for _, _, dollars in self.limit_steps)])
        step = round_step(top / GRID_LINES) if top > 0 else Decimal("0.25")
        return [step * n for n in range(GRID_LINES + 1)]


def round_step(least: Decimal) -> Decimal:
    """The smallest round number that is not below `least`."""
    scale = Decimal(1).scaleb(least.adjusted())
    return next(step * scale for step in STEPS if step * scale >= least)


def tick(dollars: Decimal, step: Decimal) -> str:
    places = max(0, -int(step.normalize().as_tuple().exponent))
    return f"${dollars:,.{2 if places == 1 else places}f}" if dollars else "$0"


def shown_labels(count: int, most: int) -> list[int]:
    """Which bars get a label: evenly spread, the last one always, none too close to it."""
    every = max(1, -(-count // most))
    close = max(1, every // 2)
    return [n for n in range(0, count, every) if count - 1 - n > close] + ([count - 1] if count else [])


def svg(chart: Chart, width: int, height: int, most_labels: int = 7) -> str:
    """The chart as one `<svg>`, whose days are links. Nothing in it needs a style attribute."""
    grid = chart.grid()
    names = [tick(line, grid[1]) for line in grid]
    area = Area(width, height, left=10 + 6.4 * max(len(name) for name in names), top=10.0, bottom=35.0)
    area = area.of(len(chart.bars), grid[-1])
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group"'
        f' aria-label="{escape(chart.name)}">',
        *(_grid_line(area, line, name) for line, name in zip(grid, names, strict=True)),
        *(_bar(area, n, bar, chart) for n, bar in enumerate(chart.bars)),
        *(_label(area, n, chart.bars) for n in shown_labels(len(chart.bars), most_labels)),
    ]
    if steps := chart.limit_steps:
        parts.append(_limit(area, steps, chart.limit_label, *chart.limit_label_at(area.width - area.left)))
    return "".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class Area:
    """Where the bars stand. Floats are pixels; money is scaled by its share of `top_value`."""

    width: int
    height: int
    left: float
    top: float
    bottom: float
    step: float = 1.0
    top_value: Decimal = Decimal(1)

    def of(self, bars: int, top_value: Decimal) -> "Area":
        step = (self.width - self.left) / max(1, bars)
        return Area(self.width, self.height, self.left, self.top, self.bottom, step, top_value)

    @property
    def bar(self) -> float:
        return min(WIDEST_BAR, self.step * BAR_SHARE)

    def x(self, n: int) -> float:
        return self.left + n * self.step

    def y(self, dollars: Decimal) -> float:
        inner = self.height - self.top - self.bottom
        return self.top + inner * (1 - float(dollars / self.top_value))


def _grid_line(area: Area, dollars: Decimal, name: str) -> str:
    y = area.y(dollars)
    return (
        f'<line class="grid" x1="{area.left:.1f}" x2="{area.width}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" text-anchor="end" x="{area.left - 8:.1f}" y="{y + 4:.1f}">{escape(name)}</text>'
    )


def _bar(area: Area, n: int, bar: Bar, chart: Chart) -> str:
    wide, below, rects = area.bar, Decimal(0), []
    x, upper = area.x(n) + (area.step - wide) / 2, area.y(below)
    for (_, slot), part in zip(chart.series, bar.parts, strict=True):
        if not part:
            continue
        lower, upper = upper, area.y(below + part)
        gap = 1.0 if below and lower - upper > 2 else 0.0
        below += part
        if lower - upper < 0.05:
            continue
        name = f"series-{slot}" if slot else "series-other"
        corner = ' rx="1.5"' if lower - upper > 4 and wide > 6 else ""
        size = f'width="{wide:.1f}" height="{lower - upper - gap:.1f}"'
        rects.append(f'<rect class="{name}" x="{x:.1f}" y="{upper:.1f}" {size}{corner}/>')
    hit = (
        f'<rect class="hit" x="{area.x(n):.1f}" y="{area.top:.1f}" width="{area.step:.1f}"'
        f' height="{area.height - area.top - area.bottom:.1f}"/>'
    )
    group = "day today" if bar.today else "day"
    title = escape(bar.title)
    return (
        f'<a href="{escape(bar.url)}" aria-label="{title}"><title>{title}</title>{hit}'
        f'<g class="{group}">{"".join(rects)}</g></a>'
    )


def _label(area: Area, n: int, bars: Sequence[Bar]) -> str:
    x, y = area.x(n) + area.step / 2, area.height - area.bottom + 19
    anchor = "middle"
    if n == len(bars) - 1 and area.width - x < LABEL_WIDTH / 2:
        x, anchor = float(area.width), "end"
    return f'<text class="tick" text-anchor="{anchor}" x="{x:.1f}" y="{y:.1f}">{escape(bars[n].label)}</text>'


def _limit(
    area: Area, steps: Sequence[tuple[int, int, Decimal]], name: str, name_ends: int, name_above: Decimal
) -> str:
    path, end = [], -1
    for first, after, dollars in steps:
        y = area.y(dollars)
        path.append(f"V{y:.1f}" if first == end else f"M{area.x(first):.1f} {y:.1f}")
        path.append(f"H{area.x(after):.1f}")
        end = after
    x, y = area.x(name_ends), area.y(name_above)
    return (
        f'<path class="limit" d="{"".join(path)}"/>'
        f'<text class="limit-name" x="{x:.1f}" y="{y - 6:.1f}">{escape(name)}</text>'
    )


def plain(text: str) -> str:
    """Text that Plotly shows as it stands: it reads tags in labels and hover texts."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def figure(
    chart: Chart,
    amounts: Sequence[Sequence[str]],
    totals: Sequence[str],
    width: int = 984,
    most_labels: int = 7,
) -> dict[str, Any]:
    """What the browser makes a Plotly chart from. `amounts` are the hover texts, bar by bar, part by part,
    `totals` those of whole bars.

    Numbers here only place pixels; every figure that is read is one of the texts.
    """
    grid = chart.grid()
    labels = shown_labels(len(chart.bars), most_labels)
    return {
        "limit": _limit_figure(chart, width),
        "name": chart.name,
        "keys": [bar.key for bar in chart.bars],
        "urls": [bar.url for bar in chart.bars],
        "totals": [plain(text) for text in totals],
        "today": [bar.today for bar in chart.bars],
        "series": [
            {
                "name": plain(name),
                "slot": slot,
                "values": [float(bar.parts[n]) for bar in chart.bars],
                "texts": [plain(texts[n]) for texts in amounts],
            }
            for n, (name, slot) in enumerate(chart.series)
        ],
        "grid": [{"at": float(line), "text": tick(line, grid[1])} for line in grid],
        "labels": [{"at": chart.bars[n].key, "text": plain(chart.bars[n].label)} for n in labels],
    }


def _limit_figure(chart: Chart, width: int) -> dict[str, Any] | None:
    if not chart.limit_steps:
        return None
    ends, above = chart.limit_label_at(width)
    return {
        "steps": [{"from": first, "to": end, "at": float(dollars)} for first, end, dollars in chart.limit_steps],
        "text": plain(chart.limit_label),
        "ends": ends,
        "above": float(above),
    }
