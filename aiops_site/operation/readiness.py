"""What a request needs before it can be served: database, migrations, ledger, Redis, workers, keys, sandbox."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

import redis
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from aiops_site.operation import drain, heartbeat
from intelligence.agents import self_test
from providers import ledger
from providers.fields import crypter

Part = dict[str, str | bool]
HEARTS = ("worker", "senate", "beat")
LOOK_AGAIN = 60.0  # seconds that what costs 50 ms to look at is believed
_applied_at: float | None = None
_held_at: float | None = None


class NotReady(Exception):
    """A part that is reached and not as it must be. The text is shown to everybody: no address, no secret."""


def look() -> dict[str, Part]:
    """Each part as {ok, detail}; a part that can't be looked at is not ok, with the kind of its error."""
    ages: dict[str, float | None] = {}
    parts: dict[str, Callable[[], str]] = {
        "web": web,
        "database": database,
        "migrations": migrations,
        "ledger": ledger_is_guarded,
        "redis": partial(redis_answers, ages),
        **{name: partial(alive, name, ages) for name in HEARTS},
        "keys": keys,
        "sandbox": sandbox,
    }
    found: dict[str, Part] = {}
    for name, check in parts.items():
        unheard = name in HEARTS and settings.REDIS_URL and not found["redis"]["ok"]
        found[name] = found["redis"] if unheard else _try(check)  # not waited for four times
    return found


def _try(check: Callable[[], str]) -> Part:
    try:
        return {"ok": True, "detail": check()}
    except NotReady as reason:
        return {"ok": False, "detail": str(reason)}
    except (DatabaseError, redis.RedisError, OSError) as error:
        return {"ok": False, "detail": type(error).__name__}


def web() -> str:
    if drain.begun():
        raise NotReady("stopping")
    return "serving"


def database() -> str:
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("SELECT 1")
            return connection.vendor
        cursor.execute("SHOW server_encoding")
        encoding = cursor.fetchone()[0]
    if encoding != "UTF8":  # a model's first umlaut would fail the session that holds it
        raise NotReady(f"PostgreSQL keeps text as {encoding}; create the database with ENCODING 'UTF8'")
    return connection.vendor


def migrations() -> str:
    global _applied_at
    if _applied_at is None or time.monotonic() - _applied_at > LOOK_AGAIN:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise NotReady("not applied")
        _applied_at = time.monotonic()
    return "applied"


def ledger_is_guarded() -> str:
    """The database itself refuses changes of rows that stand for good; a rebuilt table loses that unnoticed."""
    if not ledger.triggers_present():
        raise NotReady("its triggers are missing or changed: run manage.py migrate")
    return "guarded"


def redis_answers(ages: dict[str, float | None]) -> str:
    """It is asked for what is to be known anyway: a PING before would only make a slow one slower."""
    if not settings.REDIS_URL:
        return "not used"
    ages.update(heartbeat.ages(HEARTS))
    return "answers"


def alive(name: str, ages: dict[str, float | None]) -> str:
    age = ages[name] if name in ages else heartbeat.ages([name])[name]
    if age is None:
        raise NotReady("no heartbeat")
    if age > heartbeat.STALE_AFTER:
        raise NotReady(f"last heartbeat {age:.0f} s ago")
    return "alive"


def keys() -> str:
    """What is encrypted now can be read again: the encryption keys are there and usable."""
    try:
        if crypter().decrypt(crypter().encrypt(b"readable")) != b"readable":
            raise NotReady("unreadable")
    except (ValueError, InvalidToken) as error:
        raise NotReady("no usable encryption key") from error
    return "usable"


def sandbox() -> str:
    """Where this machine can have one, a command really runs in it as nobody; "off" is no fault of the site."""
    global _held_at
    if self_test.missing():
        return "off"
    if _held_at is None or time.monotonic() - _held_at > LOOK_AGAIN:
        check = asyncio.run(self_test.starts())
        if not check.ok:
            raise NotReady("it does not hold: run manage.py sandbox")
        _held_at = time.monotonic()
    return "holds"
