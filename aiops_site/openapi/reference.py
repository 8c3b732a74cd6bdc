"""The API reference as Markdown, made from the OpenAPI schema: every endpoint with its fields and answers. Pure.

`manage.py api_reference --write` puts it into docs/api-reference.md; a test holds the file to the schema.
"""

from collections.abc import Iterator, Mapping
from typing import Any

HEAD = """\
# API reference

Every endpoint with its parameters, the fields of its body, and its answers, made from the schema (`/api/schema/`)
by `manage.py api_reference --write`; a test holds it to it. What they are for: [ai.md](ai.md). A field in **bold**
is required. Errors have one shape everywhere: `{"error": {"message", "type", "code", "param"}}`.
"""
METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 2  # levels of a body's fields that are named
Schema = Mapping[str, Any]


def markdown(schema: Schema) -> str:
    parts = [HEAD]
    for path, methods in sorted(schema["paths"].items()):
        for method in METHODS:
            if method in methods:
                parts.append(_operation(schema, f"{method.upper()} {path}", methods[method]))
    return "\n".join(parts)


def _operation(schema: Schema, name: str, operation: Schema) -> str:
    lines = [f"### `{name}`", _plain(operation.get("summary") or operation.get("description") or "")]
    named = [_parameter(one) for one in operation.get("parameters", []) if one["in"] != "path"]
    if named:
        lines.append(f"- Parameters: {'; '.join(named)}")
    body = operation.get("requestBody", {}).get("content", {})
    if shape := _json(body):
        lines.append(f"- Body: {'; '.join(_fields(schema, shape)) or 'a JSON object'}")
    answers = sorted(operation.get("responses", {}).items())
    lines += [f"- {status}: {_answer(schema, answer)}" for status, answer in answers if not _is_error(answer)]
    errors = [status for status, answer in answers if _is_error(answer) and status != "default"]
    if errors:
        lines.append(f"- Errors: {', '.join(errors)}")
    return "\n".join([lines[0], "", lines[1], "", *lines[2:], ""])


def _parameter(one: Schema) -> str:
    shape = one.get("schema", {})
    choice = (
        " (" + ", ".join(f"`{value}`" for value in shape["enum"] if value != "") + ")" if "enum" in shape else ""
    )
    said = _plain(one.get("description", ""))
    return _name(one["name"], one.get("required", False)) + choice + (f": {said}" if said else "")


def _answer(schema: Schema, answer: Schema) -> str:
    said = _plain(answer.get("description", ""))
    content = answer.get("content", {})
    if streams := [kind for kind in content if kind != "application/json"]:
        said = f"{said} ({', '.join(streams)})".strip()
    if not (shape := _json(content)):
        return said or "no body"
    fields = _fields(schema, shape)
    return ". ".join(part for part in (said.rstrip("."), "; ".join(fields) or "JSON") if part)


def _is_error(answer: Schema) -> bool:
    return _json(answer.get("content", {})).get("$ref", "").endswith("/Error")


def _json(content: Schema) -> Schema:
    return content.get("application/json", {}).get("schema", {})


def _fields(schema: Schema, shape: Schema, prefix: str = "", depth: int = 1) -> list[str]:
    found = _resolved(schema, shape)
    if found.get("type") == "array":
        return _fields(schema, found.get("items", {}), f"{prefix}[].", depth)
    required = set(found.get("required", ()))
    return [
        text
        for name, field in found.get("properties", {}).items()
        for text in _field(schema, f"{prefix}{name}", name in required, field, depth)
    ]


def _field(schema: Schema, name: str, required: bool, field: Schema, depth: int) -> Iterator[str]:
    found = _resolved(schema, field)
    choices = [value for value in found.get("enum", ()) if value not in ("", None)]
    yield _name(name, required) + (f" ({', '.join(f'`{value}`' for value in choices[:24])})" if choices else "")
    inner = _resolved(schema, found["items"]) if found.get("type") == "array" and "items" in found else found
    if depth < DEEPEST and inner.get("properties"):
        mark = "[]." if found.get("type") == "array" else "."
        yield from _fields(schema, inner, f"{name}{mark}", depth + 1)


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


def _name(name: str, required: bool) -> str:
    return f"**`{name}`**" if required else f"`{name}`"


def _plain(text: str) -> str:
    """One paragraph: the first of it."""
    return " ".join(text.strip().partition("\n\n")[0].split())
