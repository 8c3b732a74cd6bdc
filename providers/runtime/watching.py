"""What pages watch: topics, each a short version text that changes when its page would show something else.

An app registers its topics in its `apps.py`; the live feed (a floor above) reads the versions of those that are
watched, a few times a second, so a version costs a few cheap queries and says nothing that needs a right.
"""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from providers.catalog import CATALOG, EXTRA
from providers.models import AIProviderSettings, AIServiceConfig, AIUsageLog, ProviderCheck
from providers.resilience import breaker
from providers.runtime import clock

_topics: dict[str, Callable[[], str]] = {}
CALM_S, STORM_S = 10, 1  # a figure that calls change is shown anew this often: after a good call, after a bad one


def register(topic: str, version: Callable[[], str]) -> None:
    """`topic`: plain letters. `version`: sync, a few queries."""
    _topics[topic] = version


def topics() -> frozenset[str]:
    return frozenset(_topics)


def version(topic: str) -> str:
    return _topics[topic]()


def providers_version() -> str:
    """`settings.states`: the first part changes with keys, models and order, the second with what a row shows."""
    saved = AIProviderSettings.objects.filter(pk=1).values_list("updated_at", flat=True).first()
    return f"{_short([saved])}.{_short(_states(clock.now()))}"


def _states(now: datetime) -> list[Any]:
    config = AIServiceConfig.get_instance()
    resting = [
        (provider, model, told["state"], told["reason"], told["opened_at"])
        for provider, models in breaker.health(config, now).items()
        for model, told in models.items()
        if told["state"] != "closed"
    ]
    checks = list(ProviderCheck.objects.order_by("slug").values_list("slug", "at"))
    return [resting, checks, _newest_calls(row.slug for row in (*CATALOG, *EXTRA))]


def _newest_calls(slugs: Iterable[str]) -> list[Any]:
    """(provider, good, when about) of the newest call of each: one index look-up per provider."""
    slugs = list(slugs)
    one = (
        f"SELECT provider, success, error_code, created_at FROM {AIUsageLog._meta.db_table} "  # noqa: S608  constants
        "WHERE provider = %s ORDER BY created_at DESC LIMIT 1"
    )
    pieces = [f"SELECT * FROM ({one}) AS newest_{number}" for number in range(len(slugs))]  # noqa: S608  likewise
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(pieces), slugs)
        rows = cursor.fetchall()
    return [(slug, bool(good), code, _about(at, CALM_S if good else STORM_S)) for slug, good, code, at in rows]


def _about(moment: Any, seconds: int) -> int:
    """The moment, which the database gives as a datetime or as text, to so many seconds."""
    at = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return int(at.timestamp()) // seconds


def _short(parts: Any) -> str:
    return hashlib.blake2s(repr(parts).encode(), digest_size=6).hexdigest()
