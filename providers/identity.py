"""API tokens: made once, shown once, stored as a hash. One kind for `Token` and `Bearer`."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from providers.exceptions import InvalidInput
from providers.guard import mended
from providers.models import ApiToken

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
    return ApiToken.objects.create(user=user, name=name, digest=digest(secret)), secret


def user_of_header(header: str) -> Any | None:
    """The active user behind an `Authorization` header; None for a header that is wrong in any way."""
    scheme, _, secret = header.partition(" ")
    if scheme.lower() not in {"token", "bearer"} or not secret.strip():
        return None
    row = ApiToken.objects.select_related("user").filter(digest=digest(secret.strip())).first()
    if row is None or not row.user.is_active:
        return None
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at > TOUCH_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return row.user


def user_named(username: str) -> Any:
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        raise InvalidInput(f"There is no user named {username!r}.", param="username")
    return user
