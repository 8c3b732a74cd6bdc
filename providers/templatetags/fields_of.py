"""Looks up a name that is only known at run time: `{{ errors|of:name }}`."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def of(values: Mapping[str, Any] | None, name: str) -> Any:
    """The value of that name, None where there is none."""
    return values.get(name) if isinstance(values, Mapping) else None
