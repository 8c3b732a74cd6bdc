"""Trust, sections D (who is who), F (the browser's side) and M (odd requests), over every address of the site.

Elsewhere: roles and routes tests/aiops_site/test_policy.py, sockets tests/senate/test_consumer.py, hostile words
on pages tests/senate/test_session_page.py and tests/static, CSV tests/providers/usage/test_calls.py.
"""

import hashlib
import json
from importlib import import_module
from io import StringIO
from itertools import chain

import pytest
from django.conf import global_settings, settings
from django.contrib.auth.hashers import BasePasswordHasher
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.test import Client
from django.utils.module_loading import import_string

from aiops_site import checks, policy
from aiops_site.policy import PUBLIC
from providers.access import identity
from providers.exceptions import InvalidInput
from senate.lane.chat_request import parse
from tests.aiops_site.test_policy import ALL_ROUTES

RIGHT = {"username": "mara", "password": "correct horse battery"}
PLAIN = [(name, path) for name, path in ALL_ROUTES if "GET" in policy.ROUTES.get(name, {})]
SLOW = {"api-schema", "intelligence:sandbox"}  # what they make or try out is not kept
# Written by looking itself: who was here when, and what is made on first use.
NOTED = ("django_session", "aiops_site_signedin", "providers_apitoken", "django_content_type")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=()",
    "Content-Security-Policy": "frame-ancestors 'none'",
}
ANSWERS = {  # status: (method, path)
    "page": ("GET", "/usage/", 200),
    "JSON": ("GET", "/api/v1/ai/providers/", 200),
    "schema": ("GET", "/api/schema/", 200),
    "nothing here": ("GET", "/no/such/page", 404),
    "nothing here, API": ("GET", "/api/v1/nothing/", 404),
    "wrong method": ("PUT", "/usage/", 403),
    "wrong body": ("POST", "/api/v1/ai/test/", 400),
    "health": ("GET", "/healthz", 200),
    "file": ("GET", "/static/css/audit.css", 200),
}

ODD_PATHS = """/usage// /usage/../audit/ /%2e%2e/%2e%2e/etc/passwd /usage/%00/ /static/../manage.py /.env
/static/%2e%2e/manage.py /.git/config /static/.git/config /console.sqlite3""".split()
ODD_PATHS.append("/usage/" + "a" * 8_000)


def digest() -> dict[str, str]:
    """Of each table's rows."""
    found = {}
    with connection.cursor() as cursor:
        for name in connection.introspection.django_table_names():
            if name not in NOTED:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
                found[name] = hashlib.sha256(repr(sorted(map(repr, cursor.fetchall()))).encode()).hexdigest()
    return found


def test_f4_looking_at_every_address_changes_nothing(mara) -> None:
    def look() -> dict[str, int]:
        return {path: mara.get(path).status_code for name, path in PLAIN if name not in SLOW}

    first = look()  # what is made on first use is there afterwards
    before = digest()
    assert look() == first
    assert {name for name, one in digest().items() if one != before[name]} == set()
    assert not {path: status for path, status in first.items() if status >= 500}


@pytest.mark.parametrize("what", ANSWERS)
def test_f5_f6_every_answer_has_the_headers(mara, what) -> None:
    method, path, status = ANSWERS[what]
    answer = mara.generic(method, path, b"[", content_type="application/json")
    assert answer.status_code == status
    missing = {name: answer.get(name) for name, value in HEADERS.items() if value not in (answer.get(name) or "")}
    assert not missing
    assert not {"Server", "X-Powered-By"} & set(answer.headers)
    if path.startswith(("/usage", "/api/v1/ai")):
        assert answer["Cache-Control"] == "no-store"


def test_f4_no_change_is_taken_from_another_site(people) -> None:
    """Each POST of the table, with the cookie but without the form's token."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people["mara"])
    paths = [path for name, path in ALL_ROUTES if name not in PUBLIC and "POST" in policy.ROUTES.get(name, {})]
    assert len(paths) > 50
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
        headers = {"Origin": "https://evil.example", "Accept": "application/json"}
        found = {
            path: browser.post(path, b"a=1", content_type=kind, headers=headers).status_code for path in paths
        }
        assert not {path: status for path, status in found.items() if status not in (401, 403)}


@pytest.mark.django_db
def test_d14_signing_in_makes_a_new_session_and_its_cookie_is_for_the_server_alone(client, people) -> None:
    client.get("/login/")
    planted = client.session
    planted["planted"] = True
    planted.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key
    assert client.post("/login/", RIGHT).status_code == 302
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie.value and cookie.value != planted.session_key
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


@pytest.mark.django_db(transaction=True)
def test_d10_every_way_in_is_closed_to_who_lost_the_account(client, people) -> None:
    inside, said = Client(), StringIO()
    inside.force_login(people["mara"])
    call_command("api_token", "mara", stdout=said)
    user_token = {"Authorization": f"Bearer {said.getvalue().strip()}"}
    wish = {"name": "nightwatch", "owner": "mara", "scopes": ["read"]}
    made = inside.post("/api/v1/ops/agents/", wish, content_type="application/json").json()
    key = {"agent_key": made["agent_key"]}
    given = client.post("/api/v1/ops/token/", key, content_type="application/json").json()
    agents_token = {"Authorization": f"Bearer {given['token']}"}
    ways = {
        "session": lambda: inside.get("/audit/"),
        "session, API": lambda: inside.get("/api/v1/audit/"),
        "admin site": lambda: inside.get("/admin/"),
        "token": lambda: client.get("/api/v1/audit/", headers=user_token),
        "agent's key": lambda: client.post("/api/v1/ops/token/", key, content_type="application/json"),
        "agent's token": lambda: client.get("/api/v1/ops/tools/", headers=agents_token),
        "password": lambda: Client().post("/login/", RIGHT),
    }
    before = {name: way().status_code for name, way in ways.items()}
    type(people["mara"]).objects.filter(username="mara").update(is_active=False)
    after = {name: way().status_code for name, way in ways.items()}
    assert {**before, "admin site": 0} == dict.fromkeys(ways, 200) | {"password": 302, "admin site": 0}
    kept_out = {"session": 302, "admin site": 302, "agent's key": 401, "agent's token": 401, "password": 400}
    assert after == {"session, API": 401, "token": 401, **kept_out}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "where",
    ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "\t//evil.example"],
)
def test_d15_nobody_is_led_away_after_signing_in(client, people, where) -> None:
    answer = client.post("/login/", {**RIGHT, "next": where})
    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.django_db
def test_d12_no_header_of_a_stranger_changes_host_address_or_method(client, people) -> None:
    assert client.get("/login/", headers={"Host": "evil.example"}).status_code == 400
    spoofed = {"X-Forwarded-Host": "evil.example", "X-Original-URL": "/healthz", "X-Rewrite-URL": "/healthz"}
    answer = client.get("/usage/", headers={**spoofed, "X-Forwarded-For": "127.0.0.1"})
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=%2Fusage%2F")
    client.force_login(people["lee"])
    overriding = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
    assert client.post("/usage/?_method=DELETE", {"_method": "DELETE"}, headers=overriding).status_code == 403


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "CONNECT", "NONSENSE"])
def test_m4_a_method_that_nobody_knows_is_refused(mara, method) -> None:
    for browser, path in ((mara, "/usage/"), (mara, "/api/v1/ai/providers/"), (Client(), "/login/")):
        assert 400 <= browser.generic(method, path).status_code < 500, path


@pytest.mark.parametrize("path", ODD_PATHS)
def test_m4_n4_an_odd_path_leads_to_nothing(mara, path) -> None:
    answer = mara.get(path)
    assert 300 <= answer.status_code < 500
    assert b"DJANGO_SETTINGS_MODULE" not in b"".join(chain(answer))


@pytest.mark.parametrize("odd", ["page_size=1000000000", "page=1000000000", "page=0", "page_size=-1", "page=a"])
def test_i11_no_list_gives_all_at_once_or_breaks_at_its_end(mara, odd) -> None:
    """Every address of the API that gives pages; a page beyond the end is none, or empty."""
    lists = [path for name, path in PLAIN if path.startswith("/api/v1/") and "nobody" not in path]
    assert len(lists) > 15
    found = {path: mara.get(f"{path}?{odd}").status_code for path in lists}
    assert not {path: status for path, status in found.items() if status >= 500}


@pytest.mark.parametrize(
    "more",
    [{"is_staff": True}, {"is_superuser": True}, {"role": "admin"}, {"user": "mara"}, {"groups": ["admin"]}],
)
def test_e4_no_form_takes_a_role_along(people, more) -> None:
    ana, lee = Client(), people["lee"]
    ana.force_login(people["ana"])
    body = {"daily_cost_cap_usd": "5", "reason": "why not", **more}
    ana.patch("/api/v1/ai/caps/lee/", body, content_type="application/json")
    own = Client()
    own.force_login(lee)
    own.post("/account/", {"name": "a token", **{name: str(value) for name, value in more.items()}})
    lee.refresh_from_db()
    assert (lee.is_staff, lee.is_superuser, lee.groups.get().name) == (False, False, "viewer")


def test_n1_what_must_not_go_live_stops_the_start(settings) -> None:
    settings.DEBUG, settings.LOCAL, settings.SECRET_KEY, settings.ALLOWED_HOSTS = True, False, "short", ["*"]
    found = {one.id for one in (*checks.hosts_are_named(None), *checks.secrets_are_usable(None))}
    assert {"aiops.E001", "aiops.E004", "aiops.E005"} <= found
    with pytest.raises(SystemCheckError, match="aiops.E001"):
        call_command("check")


def test_d11_a_token_opens_in_its_header_alone_and_a_wrong_one_is_not_made_up_for(people) -> None:
    secret = identity.make_token(people["ivo"], "d11")[1]
    path = "/api/v1/ai/usage/"
    assert Client(headers={"authorization": f"Token {secret}"}).get(path).status_code == 200
    cookie = Client()
    cookie.cookies[settings.SESSION_COOKIE_NAME] = secret
    elsewhere = [
        cookie.get(path),
        Client().get(path, {"token": secret, "access_token": secret, "api_key": secret}),
        Client(headers={"x-api-key": secret, "x-auth-token": secret}).get(path),
        Client().post("/api/v1/ai/test/", {"token": secret, "api_key": secret}, content_type="application/json"),
        Client(headers={"authorization": f"Basic {secret}"}).get(path),
    ]
    assert [answer.status_code for answer in elsewhere] == [401] * 5
    signed_in = Client(headers={"authorization": "Token aiops_wrong"})
    signed_in.force_login(people["mara"])
    assert signed_in.get(path).status_code == 401, "the cookie would have opened it"


def test_d16_a_password_is_kept_by_a_slow_hash() -> None:
    named = getattr(import_module("aiops_site.settings"), "PASSWORD_HASHERS", global_settings.PASSWORD_HASHERS)
    hasher: BasePasswordHasher = import_string(named[0])()  # the suite's own is quick
    name, *cost = hasher.encode("correct horse battery", "a-salt-of-some-length").split("$")
    assert name == "argon2" or (name == "pbkdf2_sha256" and int(cost[0]) >= 600_000)  # OWASP, 2023


def test_e9_names_that_mean_something_to_a_language_are_names_like_any_other(client, people) -> None:
    client.force_login(people["mara"])
    for name in ("__proto__", "constructor", "__class__", "_state", "pk", "user_id"):
        for path in ("/api/v1/senate/sessions/", "/api/v1/ai/test/", "/api/v1/ai/providers/update/"):
            answer = client.post(path, {name: {"polluted": "yes"}}, content_type="application/json")
            assert 400 <= answer.status_code < 500, (path, name, answer.content[:200])
            assert b"polluted" not in answer.content
    messages = [{"role": "user", "content": "Why?"}]
    named = parse(json.dumps({"messages": messages, "metadata": {"__proto__": "a", "__class__": "b"}}).encode())
    assert named.metadata == {"__proto__": "a", "__class__": "b"} and type(named).__name__ == "ChatRequest"
    many = json.dumps({f"key-{n}": {} for n in range(10_000)})
    for odd in (many, '{"a": ' + 1_000 * "[" + 1_000 * "]" + "}"):
        with pytest.raises(InvalidInput):
            parse(f'{{"messages": {json.dumps(messages)}, "metadata": {odd}}}'.encode())
