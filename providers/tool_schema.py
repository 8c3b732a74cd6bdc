"""The JSON schema of a tool from its function: names, type hints, defaults, descriptions. Pure.

Descriptions stand in the hints: `Annotated[str, Field(description="…")]`.
"""

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from jsonschema import SchemaError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from pydantic import BaseModel, ConfigDict, create_model
from pydantic.errors import PydanticUserError

from providers.conversation.calls import ToolSpec
from providers.exceptions import InvalidInput

INJECTED = ("user",)


def described(function: Callable[..., Any]) -> str:
    """The first paragraph of the docstring."""
    text = inspect.getdoc(function) or ""
    return " ".join(text.partition("\n\n")[0].split())


def arguments_model(function: Callable[..., Any]) -> type[BaseModel]:
    """A model with a field for each parameter, `user` excepted. Errors: InvalidInput for what no JSON can fill."""
    hints = _hints(function)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in INJECTED:
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise InvalidInput(f"Tool {function.__name__}: its parameters must have names.")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (hints.get(name, Any), default)
    try:
        return create_model(
            f"{function.__name__}_arguments",
            __config__=ConfigDict(extra="forbid", protected_namespaces=()),
            **fields,
        )
    except (PydanticUserError, NameError, TypeError) as error:
        raise InvalidInput(f"Tool {function.__name__}: its type hints have no JSON schema.") from error


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise InvalidInput(f"Tool {function.__name__}: its type hints can't be read.") from error


def schema_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The JSON schema of the parameters. Errors: InvalidInput."""
    try:
        schema = arguments_model(function).model_json_schema()
    except PydanticUserError as error:
        raise InvalidInput(f"Tool {function.__name__}: its type hints have no JSON schema.") from error
    schema.pop("title", None)
    for part in schema.setdefault("properties", {}).values():
        part.pop("title", None)
    return schema


def validator(spec: ToolSpec) -> Validator:
    """What finds out whether arguments fit. Errors: InvalidInput where the parameters are no JSON schema."""
    kind = validator_for(spec.parameters)
    try:
        kind.check_schema(spec.parameters)
    except SchemaError as error:
        raise InvalidInput(f"Tool {spec.name}: its parameters are no JSON schema. {error.message}") from None
    return kind(spec.parameters)


def unfitting(function: Callable[..., Any], schema: dict[str, Any]) -> str:
    """What keeps a schema of its own from being that function's; empty where it is."""
    fields = arguments_model(function).model_fields
    named = set(schema.get("properties", {}))
    if strange := named - set(fields):
        return f"its function has no parameter {', '.join(sorted(strange))}."
    needed = {name for name, one in fields.items() if one.is_required()}
    if missing := needed - (named & set(schema.get("required", ()))):
        return f"its parameters don't require {', '.join(sorted(missing))}."
    return ""
