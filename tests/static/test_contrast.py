"""The list of section 4 of the page specification, computed again from the tokens."""

from itertools import combinations

import pytest

from tests.static.colour import SIGHTS, contrast, distance, tokens

TOKENS = tokens()
THEMES = {"light": 0, "dark": 1}
TEXT = 4.5
MARK = 3.0
PAIRS = {
    "text": "bg surface raised hover sunken active quiet accent-bg ok-bg warn-bg bad-bg add-bg del-bg mark-bg",
    "text-2": "bg surface raised hover sunken quiet active chip track accent-bg ok-bg warn-bg bad-bg",
    "text-3": "bg surface raised hover sunken quiet accent-bg",
    "accent": "bg surface raised hover accent-bg",
    "on-accent": "accent",
    "on-ink": "ink",
    "ok": "ok-bg surface bg hover",
    "warn": "warn-bg surface bg hover",
    "bad": "bad-bg surface bg hover",
}
WRITTEN = {  # some figures of the specification, light and dark, so that the arithmetic is checked too
    ("text", "bg"): (16.8, 16.1),
    ("text-3", "hover"): (4.75, 5.4),
    ("accent", "accent-bg"): (5.6, 6.8),
    ("bad", "bad-bg"): (6.1, 7.6),
    ("line-strong", "bg"): (3.1, 4.1),
}
SERIES = [f"series-{n}" for n in (1, 2, 3, 4, 5, 6, 7, "other")]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back"), [(f, b) for f, backs in PAIRS.items() for b in backs.split()])
def test_text_can_be_read(front: str, back: str, theme: str) -> None:
    found = contrast(TOKENS[front][THEMES[theme]], TOKENS[back][THEMES[theme]])
    assert found >= TEXT, f"{front} on {back}, {theme}: {found:.2f}"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("back", ["surface", "bg", "quiet"])
def test_borders_of_fields_can_be_seen(back: str, theme: str) -> None:
    assert contrast(TOKENS["line-strong"][THEMES[theme]], TOKENS[back][THEMES[theme]]) >= MARK


@pytest.mark.parametrize("pair", WRITTEN)
def test_figures_are_those_of_the_specification(pair: tuple[str, str]) -> None:
    found = [contrast(TOKENS[pair[0]][i], TOKENS[pair[1]][i]) for i in (0, 1)]
    assert found == pytest.approx(WRITTEN[pair], abs=0.06)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("series", SERIES)
def test_series_colours_stand_out_from_the_page(series: str, theme: str) -> None:
    colour = TOKENS[series][THEMES[theme]]
    assert min(contrast(colour, TOKENS[back][THEMES[theme]]) for back in ("bg", "surface")) >= MARK


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize(("theme", "least"), [("light", 12.0), ("dark", 14.1)])
def test_any_two_providers_differ(theme: str, least: float, sight: str) -> None:
    for one, other in combinations(SERIES[:7], 2):
        found = distance(TOKENS[one][THEMES[theme]], TOKENS[other][THEMES[theme]], sight)
        assert round(found, 1) >= least, f"{one} and {other}: {found:.1f}"
