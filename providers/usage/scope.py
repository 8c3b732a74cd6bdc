"""Whose rows answer a question: managers and admins see everybody's, others their own.

This is decided in the query, so no page, export or figure can show more.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from providers.access.roles import may
from providers.exceptions import InvalidInput, NotFound
from providers.models import AIUsageLog
from providers.usage.question import Question
from providers.usage.rollup.cells import COUNTED, FAILED, FELL_BACK, LIMITED
from providers.usage.rollup.reading import Scope
from providers.usage.rollup.source import LIMITED_CODE

# A row keeps its user's number for ever; '#' can't stand in a username, so "#7" names a user who is gone.
GONE = "#"
STATUS = {
    "ok": Q(success=True),
    "failed": Q(success=False),
    "estimated": ~Q(usage_source="reported"),
    "fallback": Q(used_fallback=True),
    "limited": Q(error_code=LIMITED_CODE),
}
BITS = {
    "": (0, 0),
    "ok": (FAILED, 0),
    "failed": (FAILED, FAILED),
    "estimated": (COUNTED, COUNTED),
    "fallback": (FELL_BACK, FELL_BACK),
    "limited": (LIMITED, LIMITED),
}


def sees_everyone(viewer: Any) -> bool:
    return may(viewer, "see everyone's usage")


def visible(viewer: Any) -> QuerySet[AIUsageLog]:
    everything = AIUsageLog.objects.order_by()
    return everything if sees_everyone(viewer) else everything.filter(user_id=viewer.pk)


def scope_of(viewer: Any, question: Question) -> Scope:
    """The same rows as `matching`, of any range, for the sums. Errors: as there."""
    equal: dict[str, int | str] = {}
    if question.user:
        equal["user_id"] = _user_id(viewer, question.user) or 0
    elif not sees_everyone(viewer):
        equal["user_id"] = viewer.pk
    for name in ("provider", "model", "operation", "service"):
        if value := getattr(question, name):
            equal[name] = value
    bits, wanted = BITS[question.status]
    return Scope(equal, bits, wanted, question.session)


def matching(viewer: Any, question: Question, *, ranged: bool = True) -> QuerySet[AIUsageLog]:
    """Rows of the range that match all filters. Errors: NotFound for somebody else's name, InvalidInput.

    `ranged` False: for a caller that sets a narrower span; of two spans SQLite's index may follow the wider one.
    """
    rows = visible(viewer)
    if ranged:
        start, end = question.moments()
        rows = rows.filter(created_at__gte=start, created_at__lt=end)
    if question.user:
        rows = rows.filter(user_id=_user_id(viewer, question.user))
    if question.session:
        rows = rows.filter(session_id=question.session)
    for name in ("provider", "model", "operation"):
        if value := getattr(question, name):
            rows = rows.filter(**{name: value})
    if question.service:
        rows = rows.filter(metadata__service=question.service)
    return rows.filter(STATUS[question.status]) if question.status else rows


def only_user(viewer: Any, question: Question) -> int | None:
    """The one user whose rows are shown, where it is one."""
    if not sees_everyone(viewer):
        return viewer.pk
    if not question.user or question.user.startswith(GONE):
        return None
    return get_user_model().objects.filter(username=question.user).values_list("pk", flat=True).first()


def user_key(pk: int | None, username: str | None) -> str:
    """How a user is named in URLs and JSON: the username, or `#7` where there is none any more."""
    return username or f"{GONE}{pk or 0}"


def user_label(pk: int | None, username: str | None) -> str:
    return username or (f"Former user {pk}" if pk else "No user")


def _user_id(viewer: Any, name: str) -> int | None:
    """None: rows without a user."""
    if not sees_everyone(viewer) and name != viewer.get_username():
        raise NotFound("There is no usage of that user that you may see.")
    if name.startswith(GONE):
        number = name.removeprefix(GONE)
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise InvalidInput(f"There is no user {name[:40]!r}.", param="user")
        return int(number) or None
    pk = get_user_model().objects.filter(username=name).values_list("pk", flat=True).first()
    if pk is None:
        raise InvalidInput(f"There is no user named {name[:60]!r}.", param="user")
    return pk
