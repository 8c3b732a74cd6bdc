"""Small drawings of incidents."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()
WIDE, HIGH, GAP = 6, 22, 1


@register.simple_tag
def daybars(days: Sequence[dict[str, Any]]) -> SafeString:
    """A bar a day, the highest as high as the drawing; a day without one is a dot on the ground."""
    most = max((one["count"] for one in days), default=0) or 1
    total = sum(one["count"] for one in days)
    bars = []
    for at, one in enumerate(days):
        height = max(1, round(HIGH * one["count"] / most)) if one["count"] else 1
        css = "day-some" if one["count"] else "day-none"
        bars.append((css, at * WIDE, HIGH - height, WIDE - GAP, height))
    drawn = format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"></rect>', bars)
    words = f"{total:,} in {len(days)} days"
    return format_html(
        '<svg class="daybars" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>',
        *(len(days) * WIDE, HIGH, len(days) * WIDE, HIGH, words, drawn),
    )
