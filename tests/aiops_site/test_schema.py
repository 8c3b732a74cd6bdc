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


def test_the_page_loads_nothing_from_outside(client, people) -> None:
    client.force_login(people["lee"])
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.content.decode())
