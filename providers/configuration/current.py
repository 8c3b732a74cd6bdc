"""Keys, models and policy as they are saved now, for one call; cheap enough to be read anew at every call.

The two rows are read as they stand in the table. Only if one of them, or what the environment says, differs from
the last read, keys are decrypted and models built again: so the next call in every process sees a change, whoever
made it and however, and no version has to be counted.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, models

from providers import guard
from providers.catalog import CATALOG, EXTRA
from providers.configuration import directory
from providers.configuration.directory import Directory
from providers.models import AIProviderSettings, AIServiceConfig, ProviderBreaker
from providers.network.outbound import guard as outbound_rules
from providers.runtime.hop import Shared

MOST_TRIES = 5
RESTING = "SELECT provider, model FROM {table} WHERE opened_at IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Current:
    """Read only: calls share it. `spelled`: every readable key of the site, in the ways a text may hold it."""

    config: AIServiceConfig
    directory: Directory
    spelled: tuple[str, ...]
    resting: frozenset[tuple[str, str]]

    def rests(self, provider: str, model: str) -> bool:
        """Whether the breaker of that provider and model is not closed."""
        return (provider, model) in self.resting


@dataclass(frozen=True, slots=True)
class _Known:
    """What was made of the rows and the environment that `seen` stands for."""

    seen: tuple[Any, ...]
    config: AIServiceConfig
    directory: Directory
    spelled: tuple[str, ...]


_known: _Known | None = None


async def fresh() -> Current:
    """A read that begins after this was called; callers at the same time share it."""
    return await _shared(None)


def read() -> Current:
    """Three small queries. Sync."""
    global _known
    seen, resting = _look()
    known, tries = _known, 0
    while known is None or (known.seen != seen and tries < MOST_TRIES):
        known, tries = _make(seen), tries + 1
        seen, resting = _look()
        if known.seen == seen:  # nobody wrote between the two looks, so what was made is what they saw
            _known = known
    return Current(known.config, known.directory, known.spelled, resting)


def _read_for(asked: list[None]) -> list[Current | Exception]:
    return [read()] * len(asked)


_shared: Shared[None, Current] = Shared(_read_for)


def _make(seen: tuple[Any, ...]) -> _Known:
    made = Directory()
    return _Known(seen, AIServiceConfig.get_instance(), made, tuple(guard.spellings(made.keys())))


def _look() -> tuple[tuple[Any, ...], frozenset[tuple[str, str]]]:
    with connection.cursor() as cursor:
        rows = []
        for model in (AIProviderSettings, AIServiceConfig):
            cursor.execute(_select(model))
            rows.append(cursor.fetchone())
        cursor.execute(RESTING.format(table=ProviderBreaker._meta.db_table))
        resting = frozenset(cursor.fetchall())
    return (*rows, *_environment()), resting


@cache
def _select(model: type[models.Model]) -> str:
    columns = ", ".join(connection.ops.quote_name(field.column) for field in model._meta.concrete_fields)
    return f"SELECT {columns} FROM {model._meta.db_table} WHERE id = 1"  # noqa: S608  (our own columns)


def _environment() -> tuple[Any, ...]:
    """All that a directory depends on beside its row."""
    values = map(settings.PROVIDER_ENV_KEY, _names())  # the door is looked up once: each look at settings costs
    return (tuple(values), tuple(settings.AI_ENCRYPTION_KEYS), outbound_rules(), directory.CATALOG)


@cache
def _names() -> tuple[str, ...]:
    rows = (*CATALOG, *EXTRA)
    accounts = [f"{row.slug.upper()}_ACCOUNT_ID" for row in rows if "account_id" in row.extra_fields]
    return (*(name for row in rows for name in row.env_names), *accounts)
