"""What a request needs before it can be served: database, migrations, Redis, a worker, the keys."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

Part = dict[str, str | bool]


def look() -> dict[str, Part]:
    """Each part as {ok, detail}; a part that can't be looked at is not ok, with its reason."""
    parts: dict[str, Callable[[], str]] = {
        "database": database,
        "migrations": migrations,
        "redis": redis_answers,
    }
    return {name: _try(check) for name, check in parts.items()}


def _try(check: Callable[[], str]) -> Part:
    try:
        return {"ok": True, "detail": check()}
    except (DatabaseError, redis.RedisError, RuntimeError, OSError) as error:
        return {"ok": False, "detail": type(error).__name__}


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return connection.vendor


def migrations() -> str:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise RuntimeError("migrations are missing")
    return "applied"


def redis_answers() -> str:
    if not settings.REDIS_URL:
        return "not used"
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
        client.ping()
    return "answers"
