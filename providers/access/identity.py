"""API tokens: made once, shown once, stored as a hash. One kind for `Token` and `Bearer`."""

import hashlib
import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from providers.access.roles import Role, strongest
from providers.exceptions import InvalidInput, NotFound
from providers.guard import mended
from providers.models import ApiToken
from providers.trail import audit

logger = logging.getLogger(__name__)
PREFIX = "aiops_"
TOUCH_EVERY = timedelta(minutes=1)


def digest(secret: str) -> str:
    # The token carries 256 random bits, so a plain hash can't be guessed back.
    return hashlib.sha256(secret.encode()).hexdigest()


def make_token(user: Any, name: str) -> tuple[ApiToken, str]:
    """Returns the row and the secret; the secret can't be had again."""
    name = mended(name.strip()[:100])
    if not name:
        raise InvalidInput("Give the token a name, so that you know it later.", param="name")
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiToken.objects.create(user=user, name=name, digest=digest(secret))
        audit.record("token.add", audit.Thing("API token", str(row.pk), name), after={"user": user.pk})
    return row, secret


def revoke_token(user: Any, pk: int) -> None:
    """Forgets a token of this user. Errors: NotFound."""
    with transaction.atomic():
        row = ApiToken.objects.filter(pk=pk, user=user).first()
        if row is None:
            raise NotFound("There is no such token of yours.")
        audit.record("token.revoke", audit.Thing("API token", str(pk), row.name), before={"user": user.pk})
        row.delete()


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a token belongs to: the key of an active user, and their role."""

    user_id: int
    role: Role


def user_of_header(header: str) -> Any | None:
    """The active user behind an `Authorization` header; None for a header that is wrong in any way."""
    wanted = digest_of_header(header)
    found = bearers([wanted]).get(wanted) if wanted else None
    return found and get_user_model().objects.filter(pk=found.user_id).first()


def digest_of_header(header: str) -> str:
    """The hash of the token in an `Authorization` header; empty where it holds none."""
    scheme, _, secret = header.partition(" ")
    return digest(secret.strip()) if scheme.lower() in {"token", "bearer"} and secret.strip() else ""


def bearers(digests: Collection[str]) -> dict[str, Bearer]:
    """The active user of each token that is known, in one query for all of them; notes that they were used."""
    now = timezone.now()
    due = connection.ops.adapt_datetimefield_value(now - TOUCH_EVERY)
    with connection.cursor() as cursor:
        cursor.execute(_bearers(len(digests)), [due, *digests])
        rows = cursor.fetchall()
    if unused := {key for _, key, is_due, *_ in rows if is_due}:
        _write_used(unused)
    found: dict[str, tuple[int, bool, list[str | None]]] = {}
    for hashed, _, _, user_id, is_superuser, group in rows:
        found.setdefault(hashed, (user_id, is_superuser, []))[2].append(group)
    return {
        hashed: Bearer(user_id, Role.ADMIN if is_superuser else strongest(groups))
        for hashed, (user_id, is_superuser, groups) in found.items()
    }


def _write_used(keys: Collection[int]) -> None:
    """Or doesn't: a token opens its door on a full disk too."""
    try:
        ApiToken.objects.filter(pk__in=keys).update(last_used_at=timezone.now())
    except DatabaseError as error:
        logger.warning("when a token was last used can't be written: %s", error)


@lru_cache(maxsize=256)
def _bearers(many: int) -> str:
    """By hand: it runs for every call of the API, and making it from a queryset costs more than running it."""
    user = get_user_model()
    of_user = user._meta.get_field("groups").remote_field.through._meta.db_table
    marks = ", ".join(["%s"] * many)
    return f"""
        SELECT t.digest, t.id, t.last_used_at IS NULL OR t.last_used_at < %s, u.id, u.is_superuser, g.name
        FROM {ApiToken._meta.db_table} t
        JOIN {user._meta.db_table} u ON u.id = t.user_id AND u.is_active
        LEFT JOIN {of_user} ug ON ug.user_id = u.id
        LEFT JOIN {Group._meta.db_table} g ON g.id = ug.group_id
        WHERE t.digest IN ({marks})"""  # noqa: S608  (names of our own tables)


def user_named(username: str) -> Any:
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        raise InvalidInput(f"There is no user named {username!r}.", param="username")
    return user
