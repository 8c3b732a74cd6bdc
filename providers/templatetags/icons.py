"""`{% icon "plug" %}`: a Lucide icon as inline SVG, silent for screen readers. Sizes are classes."""

import re
from functools import cache

from django import template
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

register = template.Library()


@register.simple_tag
@cache
def icon(name: str, css: str = "") -> SafeString:
    """Return the icon; `css` adds classes such as `icon-small`. An unknown name raises IconDoesNotExist."""
    attributes = {"class": f"icon {css}".strip(), "aria-hidden": "true", "focusable": "false"}
    return mark_safe(re.sub(r"\n\s*", "", lucide(str(name), size=None, **attributes)))  # noqa: S308  the package's own drawing
