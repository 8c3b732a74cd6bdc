"""What only the usage pages show: the sentence under the chart, changes, times, shares of errors."""

import json
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from providers.format import count, money, percent, seconds
from providers.usage.chart import calls

register = template.Library()
TENFOLD = 900  # percent more
MANY_ERRORS = 5  # percent; from here on it is marked


@register.simple_tag
def chart_sentence(highest: dict[str, Any] | None, limit: dict[str, Any] | None, days: int) -> SafeString | str:
    """Return what a manager would say of the chart, with links to the calls behind it."""
    if highest is None:
        return "Nothing was spent in this range."
    day, number = highest["label"], calls(highest["calls"])
    said = format_html(
        'Most was spent on <a href="{}">{}</a>: {} over {}.',
        highest["url"],
        day,
        money(highest["spend_usd"]),
        number,
    )
    if limit and Decimal(highest["spend_usd"]) >= Decimal(highest["limit_usd"]):
        said = format_html(
            "{} That day reached the {} of {}.", said, limit["kind"], money(highest["limit_usd"], 2)
        )
    if limit and limit["above"]:
        said = format_html("{} {}", said, _beyond(limit, days))
    return said


def _beyond(limit: dict[str, Any], days: int) -> str:
    if limit["above"] == days:
        return f"The {limit['name']} stands above this chart."
    return f"On {limit['above']} of the days the {limit['kind']} stands above this chart."


@register.filter
def about(value: str) -> str:
    """A projection: whole dollars from $10 on, since cents would claim too much."""
    dollars = Decimal(value)
    return f"${dollars:,.0f}" if dollars >= 10 else money(value, 2)


@register.filter
def fresh(figures: dict[str, Any]) -> int:
    """Input tokens that came from no cache."""
    return max(0, figures["input_tokens"] - figures["cached_input_tokens"])


@register.filter
def tokens_a_dollar(figures: dict[str, Any]) -> str:
    spent = Decimal(figures["spend_usd"])
    return count(int(figures["total_tokens"] / spent)) if spent else "free" if figures["calls"] else "none"


@register.simple_tag
def token_bar(figures: dict[str, Any]) -> SafeString:
    """One bar of all tokens, by class, and its legend; the table below it has the same figures."""
    parts = [
        ("Input, fresh", fresh(figures), 1),
        ("Input from a cache", figures["cached_input_tokens"], 3),
        ("Output", max(0, figures["output_tokens"] - figures["reasoning_tokens"]), 2),
        ("Reasoning", figures["reasoning_tokens"], 4),
    ]
    whole = sum(number for _, number, _ in parts) or 1
    at, rects, legend = Decimal(0), [], []
    for label, number, slot in parts:
        width = Decimal(number) * 100 / whole
        if number:
            rects.append((slot, round(at, 3), round(width, 3), label, percent(str(width))))
        legend.append((slot, label, percent(str(width))))
        at += width
    bar = format_html_join(
        "", '<rect class="series-{}" x="{}%" y="0" width="{}%" height="14"><title>{}: {}</title></rect>', rects
    )
    names = format_html_join(
        "", '<li class="series-{}"><span class="swatch"></span>{} <span class="num">{}</span></li>', legend
    )
    return format_html(
        '<svg class="token-bar" role="img" aria-label="Tokens by class" height="14">{}</svg>'
        '<ul class="legend">{}</ul>', bar, names
    )  # fmt: skip


@register.filter
def ms(value: int | None) -> str:
    """Milliseconds as seconds: `2.1 s`; nothing known is an en dash."""
    return seconds(None if value is None else Decimal(value) / 1000)


@register.filter
def change(value: str) -> str:
    """A change against something: `+11.4 %`, `-3.0 %`; from tenfold on `31 x`."""
    if Decimal(value) >= TENFOLD:
        return f"{Decimal(value) / 100 + 1:,.0f} x"
    shown = percent(str(abs(Decimal(value))))
    return f"{'+' if Decimal(value) > 0 else '-' if Decimal(value) < 0 else ''}{shown}"


@register.filter
def against(value: str) -> str:
    """The words between that change and what it is against."""
    return "as much as" if Decimal(value) >= TENFOLD else "on"


@register.filter
def many_errors(value: str | None) -> bool:
    return value is not None and Decimal(value) >= MANY_ERRORS


@register.filter
def lower_first(text: str) -> str:
    """`today` inside a sentence; names of months stay as they are."""
    return text.lower() if text in {"Today"} else text


@register.filter
def as_json(value: Any) -> str:
    """JSON for a data attribute (escaped by the template); a page has no inline script, not even for data."""
    return json.dumps(value, separators=(",", ":"))
