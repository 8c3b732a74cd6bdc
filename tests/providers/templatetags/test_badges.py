"""A state looks the same on every page, and no data can break out of the markup."""

import pytest
from django.template import Context, Template

from providers.templatetags.badges import VOCABULARY

SECTION_5 = (
    "Working, Writing, Waiting, Done, Failed, Timed out, Cancelled, Partial, Abstained, Resting, Probing, "
    "Key refused, Can't decrypt, Verified, Unverified, Estimated, Local rules, AI, Test answers"
)


def render(source: str, **context: object) -> str:
    return Template("{% load icons badges %}" + source).render(Context(context)).strip()


@pytest.mark.parametrize("word", SECTION_5.split(", "))
def test_every_word_of_the_specification_has_a_badge(word: str) -> None:
    assert word in VOCABULARY


@pytest.mark.parametrize("word", VOCABULARY)
def test_a_badge_is_a_word_with_an_icon_or_the_dot_of_running_work(word: str) -> None:
    html = render("{% badge word %}", word=word)
    assert word.replace("'", "&#x27;") in html
    assert ("<svg" in html) != ('class="dot"' in html)


def test_a_word_outside_the_vocabulary_is_an_error() -> None:
    with pytest.raises(KeyError):
        render("{% badge 'Rocking' %}")


def test_more_words_are_escaped() -> None:
    html = render("{% badge 'Failed' text %}", text="<b>502</b>")
    assert "&lt;b&gt;502" in html
    assert 'data-badge="Failed"' in html


@pytest.mark.parametrize(
    ("slot", "series"), [(3, "series-3"), ("7", "series-7"), (8, "series-other"), (None, "series-other")]
)
def test_from_the_eighth_provider_on_the_colour_is_other(slot: object, series: str) -> None:
    assert series in render("{% monogram 'OA' slot %}", slot=slot)


def test_a_monogram_alone_has_a_name_and_beside_one_is_silent() -> None:
    assert '<span class="hidden-label">OpenAI</span>' in render("{% monogram 'OA' 3 'OpenAI' %}")
    assert render("{% monogram 'OA' 3 %}") == '<span class="monogram series-3" aria-hidden="true">OA</span>'


def test_a_bar_has_its_length_as_an_attribute() -> None:
    html = render("{% bar share '83 percent' 'warn' 5 %}", share="83.12")
    assert '<rect class="used" width="83.12%">' in html
    assert '<rect class="reserved" width="88.12%">' in html
    assert 'aria-label="83 percent"' in html


@pytest.mark.parametrize("share", [250, "-3"])
def test_a_bar_stays_inside_its_frame(share: object) -> None:
    assert (
        render("{% bar share %}", share=share).count('width="100%"')
        + render("{% bar share %}", share=share).count('width="0%"')
        == 1
    )


@pytest.mark.parametrize(("share", "tone"), [(79.9, ""), (80, "warn"), (95, "bad"), (100, "bad")])
def test_a_cap_warns_from_80_and_alarms_from_95(share: float, tone: str) -> None:
    assert render("{{ share|cap_tone }}", share=share) == tone
