"""The chart as SVG and as a figure: well-formed, in proportion, and nothing in it is markup of somebody else."""

import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from providers.charts import Bar, Chart, Limit, figure, round_step, shown_labels, svg, tick

EVIL = '<b onload="x">&</b><a href="javascript:x">%{customdata}'
SVG = "{http://www.w3.org/2000/svg}"


def level(dollars: str, days: int = 1, name: str = "daily cap") -> Limit:
    return Limit(name, (Decimal(dollars),) * days)


def chart(*days: tuple[str, ...], limit: Limit | None = None, name: str = "Spend") -> Chart:
    bars = tuple(
        Bar(
            f"2024-03-{n + 1:02}",
            f"Mar {n + 1}",
            f"Mar {n + 1}: total",
            f"/calls/?n={n}&m=1",
            tuple(map(Decimal, d)),
        )
        for n, d in enumerate(days)
    )
    return Chart(name, tuple((f"series {n}", n + 1 if n < 2 else 0) for n in range(len(days[0]))), bars, limit)


def drawn(made: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(svg(made, 984, 270))


def rects(root: ElementTree.Element, css: str) -> list[ElementTree.Element]:
    return [r for r in root.iter("rect") if r.get("class") == css]


def test_heights_are_in_proportion_to_the_money() -> None:
    root = drawn(chart(("4", "2"), ("8", "0"), ("0", "1")))
    first = [float(r.get("height")) for r in rects(root, "series-1")]
    second = [float(r.get("height")) for r in rects(root, "series-2")]
    assert first[1] == pytest.approx(2 * first[0], abs=0.2)
    assert second[0] == pytest.approx(2 * second[1], abs=1.3)  # a gap of one pixel parts it from the series below
    assert len(first) == len(second) == 2


def test_bars_stack_without_overlap_and_stay_inside() -> None:
    root = drawn(chart(("3", "2", "1"), ("1", "1", "1")))
    for group in root.iter("g"):
        tops = [(float(r.get("y")), float(r.get("y")) + float(r.get("height"))) for r in group]
        assert all(upper[1] <= lower[0] + 0.11 for lower, upper in zip(tops, tops[1:], strict=False))
        assert all(10 <= top < bottom <= 235.1 for top, bottom in tops)


def test_every_day_is_a_link_that_says_its_total() -> None:
    root = drawn(chart(("1",), ("2",)))
    links = list(root.iter("a"))
    assert [link.get("href") for link in links] == ["/calls/?n=0&m=1", "/calls/?n=1&m=1"]
    assert [link.get("aria-label") for link in links] == ["Mar 1: total", "Mar 2: total"]


def test_today_is_marked_and_nothing_has_a_style() -> None:
    bars = (Bar("d", "today", "today", "/x", (Decimal(1),), today=True),)
    text = svg(Chart("Spend", (("a", 1),), bars), 326, 200)
    assert 'class="day today"' in text
    assert "style" not in text


def test_foreign_text_is_escaped_in_the_svg() -> None:
    bars = (Bar(EVIL, EVIL, EVIL, EVIL, (Decimal(1),)),)
    text = svg(Chart(EVIL, ((EVIL, 1),), bars, level("1", name=EVIL)), 984, 270)
    assert "<b" not in text
    assert "javascript:x" not in text.replace("&quot;javascript:x", "")
    root = ElementTree.fromstring(text)
    assert root.get("aria-label") == EVIL
    assert {element.tag for element in root.iter()} <= {"svg", "line", "path", "text", "a", "title", "rect", "g"}


def test_foreign_text_is_plain_in_the_figure() -> None:
    bars = (Bar(EVIL, EVIL, EVIL, "/x", (Decimal(1),)),)
    made = figure(Chart(EVIL, ((EVIL, 1),), bars, level("1", name=EVIL)), [[EVIL]], [EVIL])
    read = [made["series"][0]["name"], *made["series"][0]["texts"], *made["totals"], made["limit"]["text"]]
    read += [label["text"] for label in made["labels"]]
    assert not any("<" in text or ">" in text for text in read)


@pytest.mark.parametrize(
    ("limit", "seen"),
    [("10", True), ("30", True), ("31", False), ("0", False)],
)
def test_a_limit_is_drawn_unless_it_would_flatten_the_bars(limit: str, seen: bool) -> None:
    made = chart(("10",), limit=level(limit))
    assert ("daily cap" in svg(made, 984, 270)) is seen
    assert (figure(made, [["$10"]], ["$10"])["limit"] is not None) is seen
    assert made.grid()[-1] >= (Decimal(limit) if seen else 10)


def test_a_limit_is_a_line_in_steps_at_the_height_of_each_day() -> None:
    amounts = ("10", "10", "20", "900", "5")
    made = chart(*[("10",)] * 5, limit=Limit("cap", tuple(map(Decimal, amounts))))
    [line] = [path.get("d") for path in drawn(made).iter("path")]
    high, mid, low = (made_y(made, dollars) for dollars in ("20", "10", "5"))
    starts = [float(at) for at in re.findall(r"M([\d.]+)", line)]
    assert re.sub(r"[MH][\d.]+", lambda found: found[0][0], line) == f"M {mid}HV{high}HM {low}H"
    assert starts[0] < starts[1]  # the day of $900 is above the chart: the line ends before it and begins after it
    steps = figure(made, [["$10"]] * 5, ["$10"] * 5)["limit"]["steps"]
    assert [(s["from"], s["to"], s["at"]) for s in steps] == [(0, 2, 10.0), (2, 3, 20.0), (4, 5, 5.0)]
    assert made.limit_label == "cap $5.00"
    beyond = chart(*[("10",)] * 2, limit=Limit("cap", (Decimal(10), Decimal(900))))
    assert beyond.limit_label == "cap $10.00"  # the amount of the level that it stands at


def made_y(made: Chart, dollars: str) -> str:
    """Where the dollars stand: between the grid lines of zero and of the top."""
    lines = [float(line.get("y1")) for line in drawn(made).iter("line")]
    return f"{lines[0] + (lines[-1] - lines[0]) * float(Decimal(dollars) / made.grid()[-1]):.1f}"


@pytest.mark.parametrize("amounts", [["5"] * 28 + ["2", "2"], ["2"] * 4 + ["90"] * 26, ["8", *["5"] * 29]])
def test_no_step_runs_through_the_name_of_the_limit(amounts: list[str]) -> None:
    made = chart(*[("3",)] * 30, limit=Limit("daily cap", tuple(map(Decimal, amounts)), ", by UTC day"))
    [name] = [text for text in drawn(made).iter("text") if text.get("class") == "limit-name"]
    right, low = float(name.get("x")), float(name.get("y"))
    assert right >= 6.4 * len(name.text)
    for n, dollars in enumerate(amounts):
        x = 984 - (30 - n) * 984 / 30
        if right - 6.4 * len(name.text) < x < right and Decimal(dollars) <= 9:
            assert low < float(made_y(made, dollars))


@pytest.mark.parametrize(
    ("least", "step"),
    [("5", "5"), ("5.01", "6"), ("0.0021", "0.0025"), ("9", "10"), ("12", "15"), ("0.25", "0.25"), ("8.1", "10")],
)
def test_grid_steps_are_round_and_not_below_what_is_needed(least: str, step: str) -> None:
    assert round_step(Decimal(least)) == Decimal(step)


@pytest.mark.parametrize(
    ("dollars", "step", "text"),
    [
        ("0", "6", "$0"),
        ("24", "6", "$24"),
        ("7.5", "2.5", "$7.50"),
        ("0.005", "0.0025", "$0.0050"),
        ("2000", "500", "$2,000"),
    ],
)
def test_ticks_read_as_money(dollars: str, step: str, text: str) -> None:
    assert tick(Decimal(dollars), Decimal(step)) == text


@pytest.mark.parametrize("count", [1, 2, 7, 14, 29, 30, 31, 90, 366])
def test_labels_are_few_and_the_last_bar_has_one(count: int) -> None:
    shown = shown_labels(count, 7)
    assert shown[-1] == count - 1
    assert len(shown) <= 8
    assert len(set(shown)) == len(shown)


def test_a_chart_of_nothing_has_a_grid_and_no_bars() -> None:
    root = drawn(chart(("0", "0")))
    assert rects(root, "series-1") == []
    assert len([line for line in root.iter("line") if line.get("class") == "grid"]) == 5


def test_the_narrow_chart_shows_the_last_days() -> None:
    made = chart(*[(str(n),) for n in range(30)])
    assert [bar.label for bar in made.last(14).bars] == [f"Mar {n}" for n in range(17, 31)]
