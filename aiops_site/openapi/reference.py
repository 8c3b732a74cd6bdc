"""The API reference as Markdown, made from the OpenAPI schema: every endpoint with its fields and answers. Pure.

`manage.py api_reference --write` puts it into docs/api-reference.md; a test holds the file to the schema.
"""

from collections.abc import Iterable

from aiops_site.openapi.operations import Answer, Field, Operation, Schema, operations

HEAD = """\
# API reference

Every endpoint with its parameters, the fields of its body, and its answers, made from the schema (`/api/schema/`)
by `manage.py api_reference --write`; a test holds it to it. What they are for: [ai.md](ai.md). A field in **bold**
is required. Errors have one shape everywhere: `{"error": {"message", "type", "code", "param"}}`.
"""
DEEPEST = 2  # levels of a body's fields that are named


def markdown(schema: Schema) -> str:
    return "\n".join([HEAD, *(_told(one) for one in operations(schema, DEEPEST))])


def _told(one: Operation) -> str:
    lines = [f"### `{one.method} {one.path}`", "", one.title, ""]
    named = [
        _named(field) + (f": {field.about}" if field.about else "")
        for field in one.parameters
        if field.place != "path"
    ]
    if named:
        lines.append(f"- Parameters: {'; '.join(named)}")
    if one.has_body:
        lines.append(f"- Body: {_list(one.fields) or 'a JSON object'}")
    lines += [f"- {answer.status}: {_answer(answer)}" for answer in one.answers if not answer.is_error]
    errors = [answer.status for answer in one.answers if answer.is_error and answer.status != "default"]
    if errors:
        lines.append(f"- Errors: {', '.join(errors)}")
    return "\n".join([*lines, ""])


def _answer(answer: Answer) -> str:
    said = f"{answer.about} ({', '.join(answer.kinds)})".strip() if answer.kinds else answer.about
    if not answer.is_json:
        return said or "no body"
    return ". ".join(part for part in (said.rstrip("."), _list(answer.fields) or "JSON") if part)


def _list(fields: Iterable[Field]) -> str:
    return "; ".join(_named(field) for field in fields)


def _named(field: Field) -> str:
    name = f"**`{field.name}`**" if field.required else f"`{field.name}`"
    return name + (f" ({', '.join(f'`{value}`' for value in field.choices)})" if field.choices else "")
