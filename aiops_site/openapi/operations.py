"""The operations of the API out of its OpenAPI schema, as the reference and the pages of /api/docs/ show them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"
MOST_CHOICES = 24
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """Of a body or an answer (`cost.usd`, `members[].model`), or a parameter; `place`: path, query, header."""

    name: str
    required: bool
    kind: str
    choices: tuple[str, ...]
    about: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`kinds`: content types beside JSON. An error has the one shape of all errors, so no fields."""

    status: str
    about: str
    is_error: bool
    kinds: tuple[str, ...]
    is_json: bool
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """`example`: a body as JSON text, "" where none is sent."""

    name: str
    method: str
    path: str
    title: str
    about: str
    parameters: tuple[Field, ...]
    has_body: bool
    fields: tuple[Field, ...]
    example: str
    answers: tuple[Answer, ...]

    @property
    def streams(self) -> bool:
        """It may answer in server-sent events."""
        return any("text/event-stream" in answer.kinds for answer in self.answers)


def operations(schema: Schema, depth: int) -> list[Operation]:
    """By path. Fields are named `depth` levels deep."""
    return [
        _operation(schema, path, method, methods[method], depth)
        for path, methods in sorted(schema["paths"].items())
        for method in METHODS
        if method in methods
    ]


def _operation(schema: Schema, path: str, method: str, found: Schema, depth: int) -> Operation:
    title, about = found.get("summary") or "", found.get("description") or ""
    body = found.get("requestBody", {}).get("content", {})
    example = body.get(JSON, {}).get("example")
    return Operation(
        name=found["operationId"],
        method=method.upper(),
        path=path,
        title=plain(title or about),
        about=" ".join(about.split()) if title else "",
        parameters=tuple(_parameter(schema, one) for one in found.get("parameters", [])),
        has_body=bool(_json(body)),
        fields=tuple(_fields(schema, _json(body), depth)),
        example=json.dumps(example, indent=2, ensure_ascii=False) if example is not None else "",
        answers=tuple(_answer(schema, *one, depth) for one in sorted(found.get("responses", {}).items())),
    )


def _parameter(schema: Schema, one: Schema) -> Field:
    shape = one.get("schema", {})
    choices = tuple(str(value) for value in shape.get("enum", ()) if value != "")
    about = plain(one.get("description", ""))
    return Field(one["name"], one.get("required", False), _kind(schema, shape), choices, about, one["in"])


def _answer(schema: Schema, status: str, answer: Schema, depth: int) -> Answer:
    content = answer.get("content", {})
    shape = _json(content)
    is_error = shape.get("$ref", "").endswith("/Error")
    fields = () if is_error else tuple(_fields(schema, shape, depth))
    kinds = tuple(kind for kind in content if kind != JSON)
    return Answer(status, plain(answer.get("description", "")), is_error, kinds, bool(shape), fields)


def _json(content: Schema) -> Schema:
    return content.get(JSON, {}).get("schema", {})


def _fields(schema: Schema, shape: Schema, depth: int, prefix: str = "") -> list[Field]:
    found = _resolved(schema, shape)
    if found.get("type") == "array":
        return _fields(schema, found.get("items", {}), depth, f"{prefix}[].")
    required = set(found.get("required", ()))
    return [
        each
        for name, field in found.get("properties", {}).items()
        for each in _field(schema, f"{prefix}{name}", name in required, field, depth)
    ]


def _field(schema: Schema, name: str, required: bool, field: Schema, depth: int) -> Iterator[Field]:
    found = _resolved(schema, field)
    choices = tuple(str(value) for value in found.get("enum", ()) if value not in ("", None))[:MOST_CHOICES]
    about = plain(field.get("description", "") or found.get("description", ""))
    yield Field(name, required, _kind(schema, field), choices, about)
    inner = _resolved(schema, found["items"]) if found.get("type") == "array" and "items" in found else found
    if depth > 1 and inner.get("properties"):
        mark = "[]." if found.get("type") == "array" else "."
        yield from _fields(schema, inner, depth - 1, f"{name}{mark}")


def _kind(schema: Schema, shape: Schema) -> str:
    """In a word or two: "integer", "list of strings", "date-time or null", "" where it may be anything."""
    found = _resolved(schema, shape)
    kinds = found.get("type", "object" if found.get("properties") else "")
    several = [kinds] if isinstance(kinds, str) else list(kinds)
    several += ["null"] if "null" not in several and _may_be_null(shape) else []
    if several[0] == "array":
        inner = _kind(schema, found.get("items", {}))
        several[0] = f"list of {inner}s" if inner else "list"
    elif several[0] == "string" and found.get("format") in {"date", "date-time", "uuid", "uri", "decimal"}:
        several[0] = {"uuid": "UUID", "uri": "URL"}.get(found["format"], found["format"])
    return " or ".join(kind for kind in several if kind)


def _may_be_null(shape: Schema) -> bool:
    return any(one.get("type") == "null" for one in shape.get("oneOf", shape.get("anyOf", ())))


def _resolved(schema: Schema, shape: Schema) -> Schema:
    """Follows a reference; of alternatives the first that is no null."""
    while True:
        if "$ref" in shape:
            shape = schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
            continue
        several = shape.get("allOf") or [
            one for one in shape.get("oneOf", shape.get("anyOf", ())) if one.get("type") != "null"
        ]
        if not several:
            return shape
        shape = several[0]


def plain(text: str) -> str:
    """One paragraph: the first of it."""
    return " ".join(text.strip().partition("\n\n")[0].split())
