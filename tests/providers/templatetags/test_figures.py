"""Elements that carry the exact value."""

from datetime import timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone


def render(source: str, **context: object) -> str:
    return Template("{% load figures %}" + source).render(Context(context))


def test_text_between_backticks_is_code_and_the_rest_is_escaped() -> None:
    html = render("{{ text|coded }}", text="run `ss -ltnp <i>` & look ` there")
    assert html == "run <code>ss -ltnp &lt;i&gt;</code> &amp; look  there"


def test_a_figure_carries_its_exact_value_and_the_source_of_the_price() -> None:
    html = render("{% figure cost 'estimated' 'genai-prices' %}", cost="0.009812500000")
    assert 'value="0.009812500000"' in html
    assert 'data-exact="$0.0098125, genai-prices"' in html
    assert "≈ $0.0098</data>" in html


def test_a_figure_that_hides_nothing_has_no_second_form() -> None:
    assert render("{% figure 19372 'count' %}") == '<data value="19372">19,372</data>'


def test_an_unknown_price_is_no_figure() -> None:
    assert render("{% figure cost %}", cost=None) == '<span class="faint">unknown price</span>'


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ v|money }}", "$361.78"),
        ("{{ v|money:2 }}", "$361.78"),
        ("{{ v|percent }}", "362 %"),
        ("{{ v|clock }}", "6:01"),
        ("{{ v|seconds }}", "361.8 s"),
    ],
)
def test_filters_give_text(source: str, text: str) -> None:
    assert render(source, v="361.78") == text


def test_a_moment_is_a_time_element_with_zone() -> None:
    moment = timezone.now() - timedelta(minutes=4, seconds=5)
    html = render("{{ moment|when }}", moment=moment.isoformat())
    assert html.startswith(f'<time datetime="{moment.isoformat()}"')
    assert "UTC" in html
    assert ">4 min ago<" in html


def test_a_moment_that_never_was_says_so() -> None:
    assert render("{{ moment|ago }}", moment=None) == "never"


def test_a_running_clock_starts_from_the_servers_time() -> None:
    started = timezone.now() - timedelta(seconds=41)
    html = render("{% running_clock started %}", started=started)
    assert html == f'<time data-started="{started.isoformat()}">0:41</time>'
