"""Tokens: who they belong to, in one query for many callers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from providers.access.identity import bearers, digest, make_token, user_of_header
from providers.access.roles import Role
from providers.models import ApiToken

pytestmark = pytest.mark.django_db


def test_many_tokens_are_known_at_once_each_with_its_user_and_role(people, django_assert_max_num_queries) -> None:
    people["lee"].groups.clear()
    people["ana"].groups.add(*people["mara"].groups.all())  # manager and admin: the stronger one counts
    secrets = {name: make_token(user, "one")[1] for name, user in people.items()}
    with django_assert_max_num_queries(2):
        found = bearers({digest(secret) for secret in secrets.values()} | {digest("aiops_unknown")})
    roles = {name: found[digest(secret)].role for name, secret in secrets.items()}
    assert roles == {"mara": Role.ADMIN, "ivo": Role.ENGINEER, "ana": Role.ADMIN, "lee": Role.VIEWER}
    assert {one.user_id for one in found.values()} == {user.pk for user in people.values()}


def test_a_superuser_is_an_admin_and_an_inactive_user_is_nobody(people) -> None:
    for name, change in {"ivo": {"is_superuser": True}, "mara": {"is_active": False}}.items():
        type(people[name]).objects.filter(pk=people[name].pk).update(**change)
    secrets = {name: make_token(people[name], "one")[1] for name in ("ivo", "mara")}
    found = bearers([digest(secret) for secret in secrets.values()])
    assert [one.role for one in found.values()] == [Role.ADMIN]
    assert user_of_header(f"Bearer {secrets['ivo']}") == people["ivo"]
    assert user_of_header(f"Bearer {secrets['mara']}") is None


def test_use_is_noted_once_a_minute(people, django_assert_num_queries) -> None:
    row, secret = make_token(people["ivo"], "one")
    with django_assert_num_queries(2):
        bearers([digest(secret)])
    row.refresh_from_db()
    assert row.last_used_at is not None
    with django_assert_num_queries(1):
        bearers([digest(secret)])
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    with django_assert_num_queries(2):
        bearers([digest(secret)])
