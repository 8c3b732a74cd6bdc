"""Walks the URL resolver against the one table of who may open what."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from aiops_site import policy
from aiops_site.policy import PUBLIC
from aiops_site.policy_admin import ADMIN_ROUTES
from intelligence.agents import credentials, roster
from providers.access.roles import Role

ROUTES = {**policy.ROUTES, **ADMIN_ROUTES}
ROLES = [None, *Role]
JSON = {"HTTP_ACCEPT": "application/json"}


def routes(patterns: list, prefix: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    """(name, path) of every address; numbers and words stand in for its arguments."""
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from routes(entry.url_patterns, path, inner)
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", "/" + filled(path)


def filled(path: str) -> str:
    path = re.sub(r"<int:\w+>", "999999", path)
    path = re.sub(r"<uuid:\w+>", "00000000-0000-4000-8000-000000000000", path)
    return re.sub(r"<(?:str|slug):\w+>|<\w+>", "nobody", path)


ALL_ROUTES = sorted(set(routes(get_resolver().url_patterns)))


def test_every_address_stands_in_the_table() -> None:
    unlisted = {name for name, _ in ALL_ROUTES} - set(ROUTES) - PUBLIC
    assert not unlisted, "Add these to aiops_site/policy.py, or nobody can open them"


@pytest.fixture
def client_of(db, django_user_model):
    def make(role: Role | None) -> Client:
        client = Client()
        if role is None:
            django_user_model.objects.get_or_create(username="somebody")
            return client
        user = django_user_model.objects.create_user(f"the-{role}", password="x")
        user.groups.add(Group.objects.get_or_create(name=role.value)[0])
        client.force_login(user)
        return client

    return make


def test_an_agents_token_opens_what_the_table_gives_to_agents_and_nothing_else(
    transactional_db, client_of
) -> None:
    client_of(Role.ADMIN)
    owner = User.objects.get(username="the-admin")
    agent, key = roster.create(owner, "walker", wanted=["read", "write", "destructive"])
    token, _ = credentials.for_key(key, None, None, "127.0.0.1")
    client, headers, wrong = Client(), {"HTTP_AUTHORIZATION": f"Bearer {token}", **JSON}, []
    for name, path in ALL_ROUTES:
        if name in PUBLIC:
            continue
        for method in ("GET", "POST"):
            allowed = "agent" in ROUTES.get(name, {}).get(method, frozenset())
            response = client.generic(method, path, b"{}", content_type="application/json", **headers)
            let_in = response.status_code not in (302, 401, 403)
            if let_in != allowed:
                wrong.append((name, method, response.status_code))
    assert not wrong


@pytest.mark.parametrize("role", ROLES, ids=str)
def test_the_table_holds_for_every_role(client_of, role: Role | None) -> None:
    client = client_of(role)
    wrong = []
    for name, path in ALL_ROUTES:
        if name in PUBLIC:
            continue
        for method in ("GET", "POST", "PATCH", "DELETE"):
            allowed = role is not None and role in ROUTES.get(name, {}).get(method, frozenset())
            response = client.generic(method, path, b"{}", content_type="application/json", **JSON)
            to_sign_in = response.status_code == 302 and response["Location"].startswith("/login/")
            let_in = response.status_code not in (401, 403) and not to_sign_in
            if let_in != allowed:
                wrong.append((name, method, response.status_code))
    assert not wrong
