"""Who may do what: four roles as Django groups, and the acts that are decided inside a view.

Which role may open which address stands in the route table (the site's policy); this page is for
decisions that depend on more than the address, such as whose figures a list shows.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection


class Role(StrEnum):
    ADMIN = "admin"
    ENGINEER = "engineer"
    MANAGER = "manager"
    VIEWER = "viewer"


ALL = frozenset(Role)
ACTS: dict[str, frozenset[Role]] = {
    "read states, services and shared sessions": ALL,
    "ask models and the Senate": frozenset({Role.ADMIN, Role.ENGINEER}),
    "change services and deployments": frozenset({Role.ADMIN, Role.ENGINEER}),
    "decide approvals": frozenset({Role.ADMIN, Role.ENGINEER}),
    "see everyone's usage": frozenset({Role.ADMIN, Role.MANAGER}),
    "change caps": frozenset({Role.ADMIN, Role.MANAGER}),
    "save provider keys and settings": frozenset({Role.ADMIN}),
}


def role_of(user: Any) -> Role | None:
    """The strongest role of a signed-in, active user; None for anybody else. A superuser is an admin."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return None
    if user.is_superuser:
        return Role.ADMIN
    if not hasattr(user, "_role"):
        user._role = strongest(_groups_of(user.pk))
    return user._role


def _groups_of(user_id: int) -> list[str]:
    """Names of the user's groups. By hand: every request asks, and the ORM takes longer than the database."""
    with connection.cursor() as cursor:
        cursor.execute(_query(), [user_id])
        return [name for (name,) in cursor.fetchall()]


@cache
def _query() -> str:
    field = get_user_model()._meta.get_field("groups")
    group, held = field.related_model._meta.db_table, field.remote_field.through._meta.db_table
    return f"SELECT g.name FROM {group} g JOIN {held} h ON h.group_id = g.id WHERE h.user_id = %s"  # noqa: S608


def strongest(groups: Iterable[str | None]) -> Role:
    """The role of a user in those groups."""
    names = set(groups)
    return next((role for role in Role if role.value in names), Role.VIEWER)


def may(user: Any, act: str) -> bool:
    """True where the user's role allows an act of ACTS; an unknown act is a KeyError, never a yes."""
    return role_may(role_of(user), act)


def role_may(role: Role | None, act: str) -> bool:
    return role in ACTS[act]
