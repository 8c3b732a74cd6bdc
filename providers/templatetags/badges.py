"""Badges, monograms and bars. A badge's first argument is a word of the closed vocabulary below.

The word decides tone and icon, so a state looks the same on every page; `text` may say it in more words.
"""

from functools import lru_cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from providers.templatetags.icons import icon

register = template.Library()
DOT = SafeString('<span class="dot"></span>')

# word: (tone, icon); the icon "dot" is the pulsing dot of work that runs.
VOCABULARY: dict[str, tuple[str, str]] = {
    "Working": ("ok", "check"),
    "Writing": ("blue", "dot"),
    "Waiting": ("", "clock"),
    "Done": ("ok", "check"),
    "Failed": ("bad", "circle-x"),
    "Timed out": ("warn", "timer-off"),
    "Cancelled": ("", "ban"),
    "Partial": ("warn", "triangle-alert"),
    "Abstained": ("", "minus"),
    "Resting": ("warn", "timer"),
    "Probing": ("blue", "dot"),
    "Key refused": ("bad", "key-round"),
    "Can't decrypt": ("bad", "lock"),
    "Verified": ("ok", "shield-check"),
    "Unverified": ("warn", "shield-question-mark"),
    "Estimated": ("", "equal-approximately"),
    "Local rules": ("", "list-checks"),
    "AI": ("", "cpu"),
    "Test answers": ("warn", "flask-conical"),
    # Beyond the list of section 5, from the pictures and wireframes:
    "Being answered": ("warn", "message-square-reply"),
    "Answered": ("ok", "check"),
    "Unanswered": ("warn", "message-square-warning"),
    "Supported": ("ok", "thumbs-up"),
    "Not supported": ("bad", "thumbs-down"),
    "Retired": ("warn", "calendar-clock"),
    "Not available yet": ("", "circle-dashed"),
    "No key": ("", "key-round"),
    "Refused": ("bad", "ban"),
}


# Tags, not templates: a list shows hundreds, and a template each is most of its time.
@register.simple_tag
@lru_cache(maxsize=512, typed=True)  # typed: text that is safe markup is not the same as plain text
def badge(word: str, text: str = "") -> SafeString:
    """Show a state. A word outside of VOCABULARY raises KeyError: add it there, with tone and icon."""
    tone, name = VOCABULARY[word]
    drawn = DOT if name == "dot" else icon(name)
    css = f"badge badge-{tone}" if tone else "badge"
    return format_html('<span class="{}" data-badge="{}">{}{}</span>', css, word, drawn, text or word)


@register.simple_tag
def monogram(letters: str, slot: int | str | None = None, name: str = "", css: str = "") -> SafeString:
    """Show a provider's two letters in its series colour; `name`, hidden, where none stands beside it.

    `slot` is 1 to 7, anything else is "other"; `css` takes `monogram-small`.
    """
    classes = f"monogram {series(slot)} {css}".strip()
    if not name:
        return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, letters)
    said = '<span class="{}"><span aria-hidden="true">{}</span><span class="hidden-label">{}</span></span>'
    return format_html(said, classes, letters, name)


@register.filter
def series(slot: int | str | None) -> str:
    """The series class of a slot: `series-3`, from the eighth on `series-other`."""
    return f"series-{slot}" if str(slot) in {"1", "2", "3", "4", "5", "6", "7"} else "series-other"


@register.simple_tag
def bar(share: float | str | None, label: str = "", css: str = "", reserved: float | str = 0) -> SafeString:
    """Return a bar of `share` percent as SVG, with a lighter part of `reserved` percent behind it.

    `css` takes a tone (warn, bad, ok, blue) or `series series-3`. With a `label` it is an image of that name,
    without one it is decoration beside a figure.
    """
    width = min(100.0, max(0.0, float(share or 0)))
    whole = min(100.0, width + max(0.0, float(reserved or 0)))
    named = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    behind = _rect(whole, "reserved") if whole > width else ""
    return format_html('<svg class="bar {}" {}>{}{}</svg>', css, named, behind, _rect(width, "used"))


@register.filter
def cap_tone(share: float | str | None) -> str:
    """The tone of a cap's bar at `share` percent: amber from 80, red from 95."""
    used = float(share or 0)
    return "bad" if used >= 95 else "warn" if used >= 80 else ""


def _rect(width: float, css: str) -> SafeString:
    return format_html('<rect class="{}" width="{}%"></rect>', css, f"{width:.4g}")
