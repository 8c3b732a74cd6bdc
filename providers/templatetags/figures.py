"""Figures and times on pages: thin tags over `providers.format`.

Filters give text (`{{ spend|money }}`); `figure` and `when` give elements that carry the exact value.
"""

import re
from collections.abc import Callable
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from providers import format as shown

register = template.Library()

register.filter("money", shown.money)
register.filter("estimated", shown.estimated)
register.filter("count", shown.count)
register.filter("exact_count", shown.exact_count)
register.filter("percent", shown.percent)
register.filter("seconds", shown.seconds)
register.filter("clock", shown.clock)
register.filter("bytes", shown.size)

FORMS = {
    "money": (shown.money, shown.exact_money),
    "estimated": (shown.estimated, shown.exact_money),
    "cents": (lambda value: shown.money(value, 2), shown.exact_money),
    "count": (shown.count, shown.exact_count),
    "seconds": (shown.seconds, lambda value: f"{value} s"),
}


@register.simple_tag
def figure(value: shown.Number | None, form: str = "money", note: str = "") -> SafeString:
    """Return `<data value>`: the short form inside, the exact one and `note` (price source) on hover.

    `form` is one of money, estimated, cents, count, seconds. An unknown value is plain text.
    """
    short, full = FORMS[form]
    text = short(value)
    if value is None or value == "":
        return format_html('<span class="faint">{}</span>', text)
    exact = ", ".join(part for part in (full(value), note) if part)
    if exact == text:
        return format_html('<data value="{}">{}</data>', value, text)
    return format_html('<data class="exact" value="{}" data-exact="{}">{}</data>', value, exact, text)


@register.filter
def coded(text: object) -> SafeString:
    """Plain text, escaped; what stands in backticks becomes `<code>`, a backtick without its pair is dropped."""
    parts = enumerate(re.split(r"`([^`\n]+)`", str(text or "")))
    shapes = ((format_html("<code>{}</code>", part) if n % 2 else part.replace("`", ""),) for n, part in parts)
    return format_html_join("", "{}", shapes)


@register.filter
def when(moment: datetime | str | None) -> SafeString | str:
    """`<time>`: relative within a day, else day and clock; exact time and zone in its title."""
    return _time(moment, shown.when)


@register.filter
def ago(moment: datetime | str | None) -> SafeString | str:
    """`<time>` that is always relative: `12 days ago`."""
    return _time(moment, shown.ago)


@register.simple_tag
def running_clock(started: datetime | str) -> SafeString:
    """Return a clock that the page ticks on from the server's start time: `0:41`."""
    start = shown.parsed(started)
    gone = (timezone.now() - start).total_seconds()
    return format_html('<time data-started="{}">{}</time>', start.isoformat(), shown.clock(gone))


def _time(moment: datetime | str | None, form: Callable[[datetime, datetime], str]) -> SafeString | str:
    if not moment:
        return "never"
    start, now = shown.parsed(moment), timezone.localtime()
    text = form(start, now)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', start.isoformat(), shown.exact_when(start, now), text
    )
