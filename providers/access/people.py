"""An account that ends: its data is erased, what it did stays readable under a pseudonym."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import transaction

from providers.exceptions import InvalidInput
from providers.models import ApiToken
from providers.trail import audit


def pseudonym(pk: int) -> str:
    return f"erased-{pk}"


@transaction.atomic
def erase(user: Any, reason: str = "") -> str:
    """Deactivates the account and forgets name, mail, password, roles, tokens and sessions. The pseudonym.

    Usage rows and audit entries hold the account's number alone, so they need no change.
    Errors: InvalidInput for the last administrator.
    """
    others = get_user_model()._default_manager.filter(is_active=True, is_superuser=True).exclude(pk=user.pk)
    if user.is_superuser and not others.exists():
        raise InvalidInput("This is the last administrator. Make another one first.", param="username")
    with audit.because(reason):
        user.username, user.email = pseudonym(user.pk), ""
        user.first_name = user.last_name = ""
        user.is_active = user.is_staff = user.is_superuser = False
        user.set_unusable_password()
        user.save()
        user.groups.clear()
        ApiToken.objects.filter(user=user).delete()
        _end_sessions(user.pk)
        audit.record("user.erase", audit.user(user))
    return user.username


def _end_sessions(pk: int) -> None:
    for session in Session.objects.iterator():
        if session.get_decoded().get("_auth_user_id") == str(pk):
            session.delete()
