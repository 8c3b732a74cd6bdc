"""Trust, section B: a saved key comes out nowhere.

B7 (environment of subprocesses) waits for the first room that starts one. B9's rotation is in
tests/providers/configuration/test_rotation.py, B10 and B11 (redaction) in tests/providers/test_guard.py.
"""

import base64
import json
import logging
import re
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection
from django.forms.models import model_to_dict
from django.test import Client

from aiops_site.operation.logs import JsonFormatter, RequestIdFilter
from providers import gateway, wires
from providers.access.roles import Role
from providers.catalog import CATALOG, EXTRA
from providers.configuration import configure, keytest
from providers.configuration.directory import Directory
from providers.exceptions import AIServiceError
from providers.models import AIProviderSettings, AIUsageLog, ProviderBreaker, ProviderCheck
from providers.resilience import breaker
from providers.runtime import loop
from providers.types import Purpose
from tests.aiops_site.test_policy import ALL_ROUTES
from tests.providers.gateway.test_gateway import prompt

EVERY = (*CATALOG, *EXTRA)
CANARIES = {row.slug: f"sk-canary-{row.slug}-{number:02}9f8e7d6c5b4a3928" for number, row in enumerate(EVERY)}
HTMX, JSON = {"HTTP_HX_REQUEST": "true"}, {"HTTP_ACCEPT": "application/json"}


def spellings(secret: str) -> set[str]:
    """The key as it is, in base64, URL-encoded, backwards, and each half of it."""
    half = len(secret) // 2
    plain = {secret, secret[:half], secret[half:], secret[::-1][:half], secret[::-1][half:]}
    packed = base64.b64encode(secret.encode()).decode()
    return plain | {packed[:16], packed[4:20], quote(secret, safe="")}


LOOKED_FOR = sorted({part for key in CANARIES.values() for part in spellings(key)})


def leaks(text: str) -> list[str]:
    return [part for part in LOOKED_FOR if part in text]


def save_all(**addresses: str) -> None:
    changes: dict[str, Any] = {f"{slug}_api_key": key for slug, key in CANARIES.items()}
    changes |= {f"{slug}_base_url": url for slug, url in addresses.items()}
    configure.save_settings(changes=changes, by="Mara")


def signed_in(role: Role | None, users: Any) -> Client:
    client = Client(raise_request_exception=False)
    if role:
        user = users.objects.create_user(f"the-{role}", password="x")
        user.groups.add(Group.objects.get_or_create(name=role.value)[0])
        client.force_login(user)
    return client


def test_the_search_itself_finds_a_key_in_every_spelling() -> None:
    key = CANARIES["openai"]
    for shown in (key, key[::-1], base64.b64encode(key.encode()).decode(), key[-20:], key[:20]):
        assert leaks(f"... {shown} ...")
    assert not leaks("sk-canary openai mistral")


@pytest.mark.django_db
@pytest.mark.parametrize("role", [None, *Role], ids=str)
def test_b1_no_address_answers_any_role_with_a_key(role, django_user_model) -> None:
    """Every route of the site, in each of its clothes, with what its pages take as a query."""
    save_all()
    client = signed_in(role, django_user_model)
    queries = {"/providers/": ["?tab=keys", "?states=1", *(f"?edit={row.slug}" for row in EVERY)]}
    queries["/api/v1/ai/providers/"] = ["?include_balance=false"]
    seen = 0
    for _, path in ALL_ROUTES:
        for query in ["", *(queries.get(path, []) if role is Role.ADMIN else [])]:
            for clothes in ({}, HTMX, JSON) if role is Role.ADMIN and not query else ({}, JSON):
                answer = client.get(path + query, **clothes)
                assert answer.status_code != 500, path
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                assert not leaks(body.decode("utf-8", "replace") + str(dict(answer.headers))), path + query
                seen += 1
    assert seen >= 2 * len(ALL_ROUTES)


@pytest.mark.django_db
def test_b1_no_answer_to_a_change_repeats_a_key(mara) -> None:
    fresh = {f"{slug}_api_key": key for slug, key in CANARIES.items()}
    url = "/api/v1/ai/providers/update/"
    bad = {**fresh, "mode": "chaos"}
    for body in (fresh, bad, {"openai_api_key": f"{CANARIES['openai']} x"}, {CANARIES["openai"]: 1}):
        answer = mara.post(url, json.dumps(body), content_type="application/json")
        named = CANARIES["openai"] in body  # an unknown field's own name is what the sender wrote
        assert named or not leaks(answer.content.decode())
    for clothes in ({}, HTMX, JSON):
        answer = mara.post("/providers/?edit=openai", {**fresh, "openai_base_url": "http://10.0.0.1"}, **clothes)
        assert answer.status_code == 400 and not leaks(answer.content.decode())


@pytest.mark.django_db
def test_b1_objects_that_hold_a_key_do_not_show_it() -> None:
    save_all()
    row, directory = AIProviderSettings.get_solo(), Directory()
    shown = [repr(row), str(row), repr(directory), repr(vars(directory))]
    shown += [repr(entry) + repr(entry.seat()) for entry in directory.entries.values()]
    shown += [repr(directory.connection(slug)) for slug in ("openai", "claude", "jules")]
    assert not leaks(" ".join(shown))
    assert not leaks(repr(model_to_dict(row)))


@pytest.mark.django_db(transaction=True)
def test_b2_an_upstream_that_echoes_the_key_leaves_it_nowhere(everyone, upstream, caplog) -> None:
    """The error is shown, stored with the call, the test and the breaker, and logged: masked each time."""
    caplog.set_level(logging.DEBUG)
    save_all(openai=upstream.openai_url)
    upstream.script(*["echokey"] * 8)
    client = Client()
    client.force_login(everyone["mara"])
    said = client.post("/api/v1/ai/test/", '{"provider": "openai"}', content_type="application/json").json()
    assert said["ok"] is False and "401" in said["error"]
    with pytest.raises(AIServiceError) as caught:
        loop.run(gateway.ask(prompt(), "openai", Purpose(everyone["ivo"].pk, "chat")))
    stored = [ProviderCheck.objects.get(slug="openai").error, AIUsageLog.objects.get().error_message]
    stored += [ProviderBreaker.objects.get().detail, repr(breaker.health(policy(), datetime.now(UTC)))]
    pages = [client.get(path).content.decode() for path in ("/providers/", "/usage/calls/", "/usage/")]
    for text in (*stored, *pages, json.dumps(said), str(caught.value), repr(caught.value), caplog.text):
        assert not leaks(text)
    assert all("401" in text or "key" in text.lower() for text in stored)


def policy() -> Any:
    from providers.models import AIServiceConfig

    return AIServiceConfig.get_instance()


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("clothes", [{}, JSON], ids=["page", "json"])
def test_b3_a_fault_inside_a_driver_shows_no_key(
    mara, upstream, monkeypatch, caplog, settings, debug, clothes
) -> None:
    """The key is a local variable of the frames that break, and stands in the exception's own words."""
    settings.DEBUG = debug
    save_all(openai=upstream.openai_url)
    caplog.set_level(logging.DEBUG)

    def broken(directory: Directory, row: Any) -> str:
        key = directory._key(row)[0]
        raise RuntimeError(f"the driver broke with {key}")

    monkeypatch.setattr(Directory, "key", broken)
    mara.raise_request_exception = False
    path = "/api/v1/ai/test/" if clothes else "/providers/test/"
    answer = mara.post(path, {"provider": "openai"}, **clothes)
    assert answer.status_code == 500 and answer["X-Request-ID"]
    assert not leaks(answer.content.decode())
    lines = "".join(JsonFormatter().format(record) for record in caplog.records)
    assert "RuntimeError" in lines and not leaks(lines)


@pytest.mark.django_db(transaction=True)
def test_b4_every_logger_at_debug_hears_no_key_and_no_authorization(everyone, upstream) -> None:
    """The wires' own libraries say nothing of it; a library that does (as Anthropic's SDK did) is masked."""
    told, passed = [], StringIO()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    site = logging.StreamHandler(passed)
    site.setFormatter(JsonFormatter())
    through = logging.StreamHandler(passed)  # as if somebody had taken the filter away: masking alone must do
    through.setFormatter(JsonFormatter())
    site.addFilter(RequestIdFilter())
    names = ["", "httpx", "httpx2", "httpcore", "openai", "anthropic", "aiohttp", "asyncio", "celery", "daphne"]
    ear, before = Ear(level=logging.DEBUG), {name: logging.getLogger(name).level for name in names}
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.DEBUG)
        for handler in (ear, site, through):
            logging.getLogger().addHandler(handler)
        save_all(**{slug: upstream.url(slug) for slug in ("openai", "claude", "gemini", "mistral")})
        keytest.test_keys(slugs=["openai", "claude", "gemini", "mistral"])
        for slug, model in (("openai", "gpt-6-luna"), ("claude", "claude-sonnet-5-5")):
            loop.run(gateway.ask(prompt(model), slug, Purpose(everyone["ivo"].pk, "chat")))
        heard = "\n".join(told)
        spoken = {"headers": {"x-api-key": CANARIES["claude"]}}
        logging.getLogger("anthropic").debug("Sending HTTP Request: %s", spoken)
    finally:
        for handler in (ear, site, through):
            logging.getLogger().removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
    assert not leaks(heard) and leaks("\n".join(told))
    assert "Sending HTTP Request" in passed.getvalue() and not leaks(passed.getvalue())


@pytest.mark.django_db(transaction=True)
def test_b6_no_column_of_any_table_holds_a_key_and_equal_keys_differ(everyone, upstream) -> None:
    save_all(openai=upstream.openai_url)
    configure.save_settings(changes={"groq_api_key": CANARIES["openai"]}, by="Mara")
    loop.run(gateway.ask(prompt(), "openai", Purpose(everyone["ivo"].pk, "chat")))
    keytest.test_keys(slugs=["openai"])
    texts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            texts += [str(value) for row in cursor.fetchall() for value in row if value is not None]
    assert len(texts) > 100 and not leaks("\n".join(texts))
    with connection.cursor() as cursor:
        cursor.execute("SELECT openai_api_key, groq_api_key FROM providers_aiprovidersettings")
        first, second = cursor.fetchone()
    assert first != second and first.startswith("gAAAA")


@pytest.mark.django_db
def test_b9_with_a_wrong_master_key_pages_say_so_and_nothing_is_overwritten(mara, settings) -> None:
    save_all()
    with connection.cursor() as cursor:
        cursor.execute("SELECT openai_api_key FROM providers_aiprovidersettings")
        before = cursor.fetchone()[0]
    settings.AI_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    for path in ("/providers/", "/providers/?edit=openai", "/providers/senate/", "/providers/policy/", "/"):
        assert mara.get(path).status_code == 200, path
    assert "Can&#x27;t decrypt" in mara.get("/providers/").content.decode()
    said = mara.post("/api/v1/ai/test/", '{"provider": "openai"}', content_type="application/json").json()
    assert "another master key" in said["error"]
    mara.post("/api/v1/ai/providers/update/", '{"mode": "solo"}', content_type="application/json")
    with connection.cursor() as cursor:
        cursor.execute("SELECT openai_api_key, mode FROM providers_aiprovidersettings")
        assert cursor.fetchone() == (before, "solo")


@pytest.mark.django_db
def test_b13_who_is_not_signed_in_learns_of_no_provider() -> None:
    for path in (
        "/api/v1/ai/providers/",
        "/api/v1/ai/models",
        "/providers/",
        "/providers/balance/?provider=openai",
    ):
        answer = Client().get(path)
        assert answer.status_code in {302, 401} and "openai" not in answer.content.decode().lower()


KEYED = "openai claude gemini mistral cloudflare grok groq deepseek openrouter nvidia".split()


@pytest.mark.django_db
def test_b14_no_key_travels_in_an_address(upstream) -> None:
    wires.preload()  # importing an SDK is slow, and no part of a test of keys
    save_all(**{slug: upstream.url(slug) for slug in KEYED})
    AIProviderSettings.objects.filter(pk=1).update(cloudflare_account_id="acc")
    results = keytest.test_keys(slugs=KEYED)
    assert all(result.ok for result in results), results
    assert len(upstream.calls) >= len(results)
    for call in upstream.calls:
        assert not leaks(call.path) and "key=" not in call.path.lower().replace("/key", "")
        carried = {name for name, value in call.headers.items() if leaks(value)}
        assert len(carried) == 1 and carried <= {"Authorization", "authorization", "x-goog-api-key", "X-Api-Key"}


KEPT_PRIVATE = (
    "/providers/ /providers/?edit=openai /providers/senate/ /providers/policy/ /account/ /usage/".split()
)


@pytest.mark.django_db
@pytest.mark.parametrize("path", KEPT_PRIVATE)
def test_b15_pages_with_settings_are_kept_by_no_cache(mara, path) -> None:
    for clothes in ({}, HTMX, JSON):
        assert "no-store" in mara.get(path, **clothes)["Cache-Control"]
    assert "no-store" in mara.get("/api/v1/ai/providers/")["Cache-Control"]


def test_b16_no_debugging_tool_is_installed_or_served() -> None:
    tools = ("debug_toolbar", "django_extensions", "silk", "pyinstrument", "werkzeug")
    assert not [app.name for app in apps.get_app_configs() if app.name.startswith(tools)]
    assert not [path for _, path in ALL_ROUTES if re.search(r"debug|__|environ|dump|profile|heap", path)]
