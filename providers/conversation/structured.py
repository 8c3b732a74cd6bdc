"""Answers that fit a Pydantic model: the schema that is asked for, the reading of what comes, and one
repair. Pure.

The provider's own JSON-schema mode is used where the model's schema can be put in the strict form that all of them
take; else, or where the provider refuses it, the schema stands in the prompt. `metadata["structured"]` says which
("schema" or "words"), and `structured_reason` why not the schema mode.
"""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from providers.exceptions import AIServiceError, InvalidInput, UpstreamRejected
from providers.guard import mended
from providers.types import AIResponse, ChatMessage, Prompt

MOST_ERRORS = 20
ECHO_CHARS = 8_000  # of an answer that is shown to its model again
# What some strict modes refuse. It is told to the model in words, and checked here.
_BOUNDS = (
    *("minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
)
_DROPPED = ("default", "examples", "discriminator", "readOnly", "writeOnly", "deprecated")
_REFUSED_SCHEMA = (400, 422)


class _NotStrict(Exception):
    """The schema says something that strict modes have no form for; the text names it."""


class Ask(Protocol):
    """One call: `first` is the one whose text is shown while it comes."""

    def __call__(self, prompt: Prompt, *, first: bool) -> Awaitable[AIResponse]: ...


def fitted(prompt: Prompt, model: type[BaseModel]) -> tuple[Prompt, str]:
    """The prompt that asks for such an answer, and why it does so in words (empty: it doesn't).

    Errors: InvalidInput for what is no Pydantic model.
    """
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise InvalidInput("response_model is a Pydantic model (a subclass of BaseModel).", param="response_model")
    schema = model.model_json_schema()
    name = "".join(char for char in model.__name__ if char.isascii() and (char.isalnum() or char == "_"))[:64]
    prompt = replace(prompt, schema_name=name or "answer")
    try:
        return replace(prompt, json_schema=strict_schema(schema)), ""
    except _NotStrict as why:
        return replace(prompt, json_schema=schema, schema_in_words=True), f"The model {name} has {why}."


def strict_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as strict modes want it: every property required, no others allowed, bounds in words."""
    parts = schema.get("$defs", {})
    root = {key: value for key, value in schema.items() if key != "$defs"}
    if "$ref" in root:
        root = parts[root["$ref"].rpartition("/")[2]]
    if root.get("type") != "object":
        raise _NotStrict("a root that is no object")
    made = _strict(root)
    return made | ({"$defs": {name: _strict(part) for name, part in parts.items()}} if parts else {})


def _strict(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    made = {key: value for key, value in node.items() if key not in (*_BOUNDS, *_DROPPED)}
    told = [f"{key}: {node[key]}" for key in _BOUNDS if key in node]
    if told:
        made["description"] = f"{made.get('description', '')} ({', '.join(told)})".strip()
    if len(node.get("allOf", ())) == 1:
        return _strict(node["allOf"][0])
    if "allOf" in node or "prefixItems" in node or "patternProperties" in node:
        raise _NotStrict("a field that strict JSON schemas have no form for")
    if choices := made.pop("oneOf", None) or made.get("anyOf"):
        made["anyOf"] = [_strict(one) for one in choices]
    elif node.get("type") == "object":
        made |= _object(node)
    elif node.get("type") == "array":
        made["items"] = _strict(node.get("items") or {})
    elif not {"type", "enum", "const"} & set(node):
        raise _NotStrict("a field of any type")
    return made


def _object(node: dict[str, Any]) -> dict[str, Any]:
    properties = node.get("properties")
    if not properties:
        raise _NotStrict("a field that takes any keys")
    strict = {name: _strict(part) for name, part in properties.items()}
    return {"properties": strict, "required": list(strict), "additionalProperties": False}


def read(model: type[BaseModel], text: str) -> tuple[BaseModel | None, list[str]]:
    """(the object, []) or (None, one sentence for each thing that is wrong)."""
    try:
        return model.model_validate_json(unfenced(text)), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
    except RecursionError:
        return None, ["The answer is nested too deeply."]
    told = [_sentence(one) for one in found[:MOST_ERRORS]]
    more = len(found) - MOST_ERRORS
    return None, [*told, f"And {more} more."] if more > 0 else told


def _sentence(error: Any) -> str:
    place = ".".join(map(str, error["loc"]))
    words = mended(str(error["msg"]))[:300]
    return f"{place}: {words}" if place else words


def unfenced(text: str) -> str:
    """JSON without the code fence that some models put round it."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text[text.index("\n") + 1 : -3].strip()
    return text


async def answered(prompt: Prompt, model: type[BaseModel], ask: Ask) -> AIResponse:
    """Asks, validates, and asks once more where the answer doesn't fit. The response's tokens and cost are of all
    calls; each has a usage row and a reservation of its own. An answer that asks for tools is given back as it is.

    Errors: those of the first call. A repair that fails is told in `metadata["repair_error"]`.
    """
    prompt, reason = fitted(prompt, model)
    try:
        response = await ask(prompt, first=True)
    except UpstreamRejected as error:
        if prompt.schema_in_words or error.upstream_status not in _REFUSED_SCHEMA:
            raise
        reason = f"The provider refused the JSON schema: {error.message}"
        prompt = replace(prompt, schema_in_words=True)
        response = await ask(prompt, first=True)
    notes: dict[str, Any] = {"structured": "words" if prompt.schema_in_words else "schema"}
    if reason:
        notes["structured_reason"] = reason
    response = replace(response, metadata={**response.metadata, **notes})
    if response.tool_calls:
        return response
    parsed, errors = read(model, response.content)
    if response.finish_reason == "length" and errors:
        errors = ["The answer was cut at max_tokens, so it is no whole JSON."]
    elif errors:
        return await _repaired(prompt, model, response, errors, ask)
    return replace(response, parsed=parsed, validation_errors=errors)


async def _repaired(
    prompt: Prompt, model: type[BaseModel], first: AIResponse, errors: list[str], ask: Ask
) -> AIResponse:
    told = "\n".join(f"- {one}" for one in errors)
    again = f"That answer doesn't fit the JSON schema:\n{told}\nAnswer again, with one JSON object that fits."
    turns = (ChatMessage("assistant", first.content[:ECHO_CHARS] or "(nothing)"), ChatMessage("user", again))
    try:
        second = await ask(replace(prompt, messages=prompt.messages + turns), first=False)
    except AIServiceError as error:
        failed = {
            **first.metadata,
            "repair_error": error.message,
            **({"repair_log_id": error.log_id} if error.log_id else {}),
        }
        return _billed(replace(first, validation_errors=errors, metadata=failed), error.usage_note)
    parsed, left = read(model, second.content)
    spent = {"input_tokens": first.input_tokens, "output_tokens": first.output_tokens}
    notes = {
        **first.metadata,
        **second.metadata,
        "attempts": first.metadata.get("attempts", 1) + second.metadata.get("attempts", 1),
        "repaired": parsed is not None,
        "repair_errors": errors,
        "first_log_id": first.log_id,
    }
    whole = replace(
        second,
        duration_ms=first.duration_ms + second.duration_ms,
        parsed=parsed,
        validation_errors=left,
        metadata=notes,
    )
    return _billed(whole, {**spent, "cost_usd": first.cost_usd, "estimated": first.estimated})


def _billed(response: AIResponse, more: dict[str, Any]) -> AIResponse:
    """The response with what another call cost on top."""
    return replace(
        response,
        input_tokens=response.input_tokens + more.get("input_tokens", 0),
        output_tokens=response.output_tokens + more.get("output_tokens", 0),
        cost_usd=response.cost_usd + more.get("cost_usd", 0),
        estimated=response.estimated or bool(more.get("estimated")),
    )
