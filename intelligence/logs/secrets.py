"""What must never be stored or shown of a log: every provider key, and the services' own secrets."""

from typing import Any

from django.db import connection

from intelligence.models import Service
from intelligence.models.services import SECRETS
from providers.configuration.directory import Directory
from providers.guard import Redactor
from providers.models import AIProviderSettings

_made: tuple[Any, Redactor] | None = None
SHORTEST = 8  # a shorter "secret" would mask ordinary words


def redactor() -> Redactor:
    """Masks all of them. Two reads."""
    own = Service.objects.values_list(*SECRETS)
    return Redactor([*Directory().keys(), *(str(s) for row in own for s in row if len(s or "") >= SHORTEST)])


def current() -> Redactor:
    """The same, made anew only when a key or a service was saved since: for what happens many times a second."""
    global _made
    version = _version()
    if _made is None or _made[0] != version:
        _made = (version, redactor())
    return _made[1].fork()


def _version() -> tuple[Any, ...]:
    """Another one after each save of a key or a service. By hand: it is asked at every call of a tool."""
    keys, services = AIProviderSettings._meta.db_table, Service._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT MAX(updated_at), COUNT(*), (SELECT updated_at FROM {keys} WHERE id = 1) FROM {services}"  # noqa: S608
        )
        return cursor.fetchone()
