"""Operations out of a schema: kinds, levels, choices; and how they are called from a shell and from Python."""

import json
import shlex

import pytest

from aiops_site.openapi.operations import Operation, operations
from aiops_site.openapi.snippets import curl, python

SHAPES = {
    "Part": {"type": "object", "properties": {"usd": {"type": "string", "format": "decimal"}}},
    "Body": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "description": "In a word.\n\nAnd more."},
            "kind": {"enum": ["a", "b", ""], "type": "string"},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
            "until": {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "anything": {},
        },
    },
    "Error": {"type": "object", "properties": {"error": {"type": "object"}}},
}
BODY, ERROR = {"$ref": "#/components/schemas/Body"}, {"$ref": "#/components/schemas/Error"}


@pytest.fixture
def one() -> Operation:
    said = {
        "operationId": "make",
        "summary": "Make one",
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "requestBody": {"content": {"application/json": {"schema": BODY, "example": {"name": "it's"}}}},
        "responses": {
            "200": {
                "description": "Made",
                "content": {"application/json": {"schema": BODY}, "text/event-stream": {}},
            },
            "400": {"description": "No", "content": {"application/json": {"schema": ERROR}}},
        },
    }
    schema = {"paths": {"/api/v1/things/{id}/": {"patch": said}}, "components": {"schemas": SHAPES}}
    return operations(schema, 2)[0]


def test_fields_say_their_kind_their_choices_and_what_is_in_them(one) -> None:
    assert [(field.name, field.kind, field.required) for field in one.fields] == [
        ("name", "string", True),
        ("kind", "string", False),
        ("parts", "list of objects", False),
        ("parts[].usd", "decimal", False),
        ("until", "date-time or null", False),
        ("anything", "", False),
    ]
    assert one.fields[0].about == "In a word." and one.fields[1].choices == ("a", "b")
    assert one.parameters[0].place == "path"


def test_an_answer_is_an_error_or_has_fields(one) -> None:
    good, bad = one.answers
    assert (good.is_error, good.kinds, bool(good.fields)) == (False, ("text/event-stream",), True)
    assert (bad.is_error, bad.fields) == (True, ())
    assert one.streams


def test_the_command_holds_the_body_whatever_quotes_are_in_it(one) -> None:
    words = shlex.split(curl(one, "http://site").replace("\\\n", " "))
    assert words[:5] == ["curl", "-N", "-X", "PATCH", "http://site/api/v1/things/ID/"]
    assert json.loads(words[words.index("-d") + 1]) == {"name": "it's"}


def test_the_code_runs_up_to_its_request(one) -> None:
    asked = []

    class Httpx:
        @staticmethod
        def request(method: str, url: str, headers: dict[str, str], json: dict[str, str]) -> "Httpx":
            asked.append((method, url, headers["Authorization"], json))
            return Httpx()

        def raise_for_status(self) -> None: ...

    code = python(one, "http://site").replace("import httpx\n", "")
    exec(code, {"httpx": Httpx, "token": "t"})  # noqa: S102  our own text
    assert asked == [("PATCH", "http://site/api/v1/things/ID/", "Bearer t", {"name": "it's"})]
