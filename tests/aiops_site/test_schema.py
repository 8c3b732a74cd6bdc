"""The OpenAPI description: whole, only the API, with the chat lane, and its page loads nothing from outside."""

import re

import pytest
from drf_spectacular.validation import validate_schema

LANE = {"/api/v1/ai/chat/completions", "/api/v1/ai/chat/completions/", "/api/v1/ai/chat/stream/"}


@pytest.fixture
def schema(client, people):
    client.force_login(people["lee"])
    return client.get("/api/schema/").json()


def test_it_is_valid_and_names_only_the_api(schema) -> None:
    validate_schema(schema)
    assert all(path.startswith("/api/v1/") for path in schema["paths"])
    assert set(schema["paths"]) >= LANE


def test_every_operation_says_what_it_does_and_answers(schema) -> None:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary") or operation.get("description"), (path, method)
            assert any(status.startswith("2") for status in operation["responses"]), (path, method)


def test_every_operation_names_its_errors_and_every_body_has_an_example(schema) -> None:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert {"401", "403", "default"} <= set(operation["responses"]), (path, method)
            assert not [one for one in operation.get("parameters", []) if one["name"] == "format"], (path, method)
            for kind, body in operation.get("requestBody", {}).get("content", {}).items():
                assert kind != "application/json" or "example" in body, (path, method)


def test_every_operation_is_listed_with_a_page_of_its_fields_errors_and_commands(schema, client) -> None:
    named = {one["operationId"]: path for path, methods in schema["paths"].items() for one in methods.values()}
    listed = client.get("/api/docs/").content.decode()
    assert [name for name in named if f'href="/api/docs/{name}/"' not in listed] == []
    for name, path in list(named.items())[::8]:
        page = client.get(f"/api/docs/{name}/").content.decode()
        assert path in page and "curl " in page and ">Errors<" in page, name
    page = client.get("/api/docs/ops_token/").content.decode()
    assert "<code>agent_key</code>" in page and "Bearer $TOKEN" not in page
    assert client.get("/api/docs/no-such-operation/").status_code == 404


def test_words_choose_among_the_operations(client, people) -> None:
    client.force_login(people["lee"])
    page = client.get("/api/docs/?q=post+cancel").content.decode()
    assert "/api/docs/agent_run_cancel/" in page and "/api/docs/agent_run/" not in page
    page = client.get("/api/docs/?q=<b>unicorn").content.decode()
    assert "No operation has “&lt;b&gt;unicorn” in its path or purpose." in page


def test_the_page_loads_nothing_from_outside(client, people) -> None:
    client.force_login(people["lee"])
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.content.decode())
