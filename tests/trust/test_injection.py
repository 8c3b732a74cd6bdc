"""Trust, section B8: what people send is a value, never a part of a statement.

What sqlmap tries (a true and a false condition, an error, a union, a second statement, a wait) is tried in every
parameter that the API's own description names, and in the headers that are looked up.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.aiops_site.test_policy import filled

ODD = [
    "' OR 1=1--",
    '"; DROP TABLE x;--',
    "%27",
    "\\",
    "\x00",
    "{{7*7}}",
    "${7*7}",
    "9" * 400,
    "a[b]=c",
    "../../etc",
]
MARK = "zq7canary"
TRUE, FALSE = f"{MARK}' OR '1'='1", f"{MARK}' AND '1'='2"
PAYLOADS = [
    TRUE,
    FALSE,
    f"{MARK}') OR 1=1--",
    f'{MARK}" OR ""="',
    f"1 OR 1=1 --{MARK}",
    f"1); SELECT {MARK}; --",
    f"1 UNION SELECT password FROM auth_user --{MARK}",
    f"1 AND 1=(SELECT {MARK} FROM nowhere)",
    f"1; SELECT pg_sleep(9) --{MARK}",
    f"1 AND randomblob(900000000) --{MARK}",
    f"id,(SELECT 1 FROM {MARK})",
    f"{MARK}'||(SELECT 'x')||'",
]
SPILLED = ("syntax error", "sqlite3", "psycopg", "operationalerror", "no such column", "unrecognized token")


@pytest.mark.django_db
@pytest.mark.parametrize("odd", ODD)
def test_b8_what_is_no_word_in_a_filter_or_header_is_never_a_500(mara, odd) -> None:
    mara.raise_request_exception = False
    names = ("tab", "q", "edit", "states", "provider")
    for path in ("/providers/", "/providers/balance/", "/api/v1/ai/providers/", "/usage/calls/"):
        assert mara.get(path, dict.fromkeys(names, odd)).status_code < 500, path
    body = json.dumps({odd: 1, "provider": odd, "mode": odd, "openai_model": odd})
    for path in ("/api/v1/ai/providers/update/", "/api/v1/ai/test/", "/providers/", "/providers/test/"):
        assert mara.post(path, body, content_type="application/json").status_code == 400, path
    header = odd.replace("\x00", "%00")
    assert Client().get("/api/v1/ai/providers/", HTTP_AUTHORIZATION=f"Token {header}").status_code in {400, 401}


@contextmanager
def statements() -> Iterator[list[str]]:
    """The text of every statement, before its values are put to it."""
    seen: list[str] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield seen


def filters() -> Iterator[tuple[str, str]]:
    """(path, parameter) of every GET that the API's description has, and those of the pages beside them."""
    from drf_spectacular.generators import SchemaGenerator

    for path, methods in SchemaGenerator().get_schema(public=True)["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] == "query":
                yield filled(path.replace("{", "<").replace("}", ">")), parameter["name"]
    for path in ("/usage/", "/usage/calls/", "/audit/", "/senate/", "/incidents/", "/services/", "/jules/"):
        for name in (
            "q",
            "user",
            "provider",
            "model",
            "operation",
            "group",
            "tab",
            "state",
            "after",
            "order",
            "page",
        ):
            yield path, name


@pytest.mark.django_db
def test_sqlmaps_attempts_in_every_filter_stay_values(mara, people) -> None:
    mara.raise_request_exception = False
    asked, began = 0, time.monotonic()
    with statements() as seen:
        for number, (path, name) in enumerate(sorted(set(filters()))):
            for payload in (TRUE, PAYLOADS[1 + number % (len(PAYLOADS) - 1)]):
                answer = mara.get(path, {name: payload}, headers={"Accept": "application/json"})
                asked += 1
                assert answer.status_code in {200, 400, 404}, (path, name, payload)
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                told = body.decode("utf-8", "replace").lower()
                assert not [word for word in SPILLED if word in told], (path, name, told[:300])
    assert asked >= 100
    assert seen and not [sql for sql in seen if MARK in sql]
    assert time.monotonic() - began < 60  # nothing waited nine seconds


@pytest.mark.django_db
def test_a_true_and_a_false_condition_find_the_same(mara, people) -> None:
    for path, name in (("/api/v1/ai/usage/", "provider"), ("/api/v1/audit/", "actor"), ("/senate/", "q")):
        found = [mara.get(path, {name: one}, headers={"Accept": "application/json"}) for one in (TRUE, FALSE)]
        assert found[0].status_code == found[1].status_code
        assert len(found[0].content) - len(found[1].content) in range(-40, 41), (path, name)


@pytest.mark.django_db
@pytest.mark.parametrize("scheme", ["Token", "Bearer", "Basic"])
def test_sqlmaps_attempts_in_the_headers_open_nothing(scheme, people) -> None:
    """Also on the way that a wrong token takes (LiteLLM, CVE-2026-42208)."""
    client = Client(raise_request_exception=False)
    with statements() as seen:
        for payload in PAYLOADS:
            headers = {
                "Authorization": f"{scheme} {payload}",
                "X-Request-Id": payload,
                "Cookie": f"aiops_session={MARK}'",
            }
            headers |= {"Accept": "application/json", "X-Api-Key": payload, "Idempotency-Key": payload}
            assert client.get("/api/v1/ai/providers/", headers=headers).status_code == 401, payload
    assert not [sql for sql in seen if MARK in sql]


@pytest.mark.django_db
def test_sqlmaps_attempts_in_names_and_values_of_a_body_stay_values(mara, people, settings) -> None:
    settings.AI_CHAT_RATE = settings.AI_ANALYSIS_RATE = "100000/min"
    mara.raise_request_exception = False
    paths = [
        "/api/v1/ai/providers/update/",
        "/api/v1/services/",
        "/api/v1/senate/sessions/",
        "/api/v1/ai/analyze_logs/",
    ]
    with statements() as seen:
        for path in paths:
            for payload in PAYLOADS:
                for body in (
                    {payload: 1},
                    {"name": payload, "provider": payload, "mode": payload, "deployment_id": payload},
                ):
                    answer = mara.post(path, json.dumps(body), content_type="application/json")
                    assert answer.status_code in {400, 404, 503}, (path, body, answer.content[:200])
    assert not [sql for sql in seen if MARK in sql]
