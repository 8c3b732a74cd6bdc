"""`{% auto_now as now %}`: which mode a question gets that names none, and why."""

from django import template

from providers.configuration import modes

register = template.Library()


@register.simple_tag
def auto_now() -> dict[str, str]:
    return modes.auto_now()
