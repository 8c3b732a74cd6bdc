"""What only the usage pages show: the sentence under the chart, changes, times, shares of errors."""

import json
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from providers.format import money, percent, seconds
from providers.usage.chart import calls

register = template.Library()
TENFOLD = 900  # percent more
MANY_ERRORS = 5  # percent; from here on it is marked


@register.simple_tag
def chart_sentence(highest: dict[str, Any] | None, limit: dict[str, Any] | None) -> SafeString | str:
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
    if limit and not limit["in_view"]:
        said = format_html("{} The {} stands above this chart.", said, limit["name"])
    return said


@register.filter
def ms(value: int | None) -> str:
    """Milliseconds as seconds: `2.1 s`; nothing known is an en dash."""
    return seconds(None if value is None else Decimal(value) / 1000)


@register.filter
def change_against(value: str) -> str:
    """A change against what follows: `+11.4 % on`, `-3.0 % on`; from tenfold on `31 x as much as`."""
    if Decimal(value) >= TENFOLD:
        return f"{Decimal(value) / 100 + 1:,.0f} x as much as"
    shown = percent(str(abs(Decimal(value))))
    return f"{'+' if Decimal(value) > 0 else '-' if Decimal(value) < 0 else ''}{shown} on"


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
