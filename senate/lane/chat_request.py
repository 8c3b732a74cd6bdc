"""The body of a chat request, as OpenAI clients send it: what we honour, what we refuse with a sentence.

Unknown fields are refused, so that nobody believes in an effect that is not there. Sampling knobs that
OpenAI clients send by habit are taken and ignored where a provider has no such knob.
"""

import json
import re
from dataclasses import replace
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from providers.conversation.conversation import Conversation, within
from providers.conversation.turns import choice_in, tools_in, turns_of
from providers.exceptions import InvalidInput
from providers.guard import storable_all
from providers.money import output_limits
from providers.types import Prompt

LONGEST_FIELD = 80
_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")  # only so can NUL or half a pair stand in UTF-8 JSON


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["text", "input_text"]
    text: str


class CalledFunction(BaseModel):
    model_config = ConfigDict(extra="ignore")
    name: str
    arguments: str = ""


class Call(BaseModel):
    """A call as it was answered here; other upstreams' clients send more along."""

    model_config = ConfigDict(extra="allow")
    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class Message(BaseModel):
    """`refusal` and the like stand in an assistant's message when an official client sends it back."""

    model_config = ConfigDict(extra="forbid")
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[Call] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None
    annotations: list[Any] | None = None
    audio: None = None
    function_call: None = None

    @model_validator(mode="after")
    def says(self) -> Self:
        if self.content is None and not self.tool_calls:
            raise ValueError("has no content")
        return self

    def text(self) -> str:
        if self.content is None:
            return ""
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="ignore")
    include_usage: bool = False


class OfferedFunction(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class OfferedTool(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["function"]
    function: OfferedFunction


class AnswerSchema(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["text", "json_object", "json_schema"]
    json_schema: AnswerSchema | None = None

    @model_validator(mode="after")
    def whole(self) -> Self:
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("needs json_schema exactly where its type is json_schema")
        return self


_TEXT = ResponseFormat(type="text")


class ChatRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    messages: list[Message] = Field(min_length=1, max_length=500)
    model: str = Field(default="auto", max_length=300)
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    n: Literal[1] = 1
    stop: str | list[str] | None = None
    seed: int | None = None
    user: str | None = Field(default=None, max_length=300)
    metadata: dict[str, str] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    tools: list[OfferedTool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None

    @field_validator("max_tokens", "max_completion_tokens")
    @classmethod
    def in_bounds(cls, value: int | None) -> int | None:
        if value is not None and value < 1:
            raise ValueError("must be 1 or more")
        return value

    @property
    def needs_one(self) -> bool:
        """Whether it asks for what one model does and a committee doesn't: tools, or an answer in a format."""
        calls = any(message.role == "tool" or message.tool_calls for message in self.messages)
        return bool(self.tools) or calls or (self.response_format or _TEXT).type != "text"

    def output_tokens(self) -> int:
        """The bound of the answer: what was asked, at most our ceiling; a default where nothing was asked."""
        asked = self.max_completion_tokens or self.max_tokens or output_limits.output_limit("chat")
        return min(asked, output_limits.MOST)


def parse(body: bytes) -> ChatRequest:
    """Errors: InvalidInput naming the first field that can't be used."""
    if not body.strip():
        raise InvalidInput("The body is empty; it must be JSON with `messages`.", code="invalid_body")
    try:
        given = _JSON.decode(body.decode())  # JSON is UTF-8; `loads` would guess
        proper = not _ESCAPED.search(body) or storable_all(given)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The body is not JSON.", code="invalid_body") from error
    if not proper:
        raise InvalidInput(
            "The body holds NUL or half of a surrogate pair; text has neither.", code="invalid_body"
        )
    if not isinstance(given, dict):
        raise InvalidInput("The body must be a JSON object with `messages`.", code="invalid_body")
    try:
        return ChatRequest.model_validate(given)
    except ValidationError as error:
        raise _sentence(error) from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)


_JSON = json.JSONDecoder(parse_constant=_no_constant)


def _sentence(error: ValidationError) -> InvalidInput:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("str", "list[")))
    field = field[:LONGEST_FIELD]
    words = {
        "missing": "is missing",
        "extra_forbidden": "is not a field that this endpoint knows",
        "too_short": "must hold at least one message",
    }.get(first["type"], first["msg"].removeprefix("Value error, ").lower())
    return InvalidInput(f"`{field}` {words}.", param=field or None)


def conversation(request: ChatRequest, limit: int) -> Conversation:
    """What the client said as turns: a system message is demoted to user text. The limit counts over the whole
    request, its tools and its schema too. Errors: InvalidInput."""
    if not request.needs_one:
        return within([(message.role, message.text()) for message in request.messages], limit)
    limit -= len(request.model_dump_json(include={"tools", "response_format"}, exclude_unset=True))
    if limit <= 0:
        raise InvalidInput("The tools and the response_format are longer than the input limit.", param="tools")
    return turns_of([_shape(message) for message in request.messages], limit)


def _shape(message: Message) -> dict[str, Any]:
    calls = [call.model_dump() for call in message.tool_calls or ()]
    return {
        "role": message.role,
        "content": message.text(),
        "tool_calls": calls or None,
        "tool_call_id": message.tool_call_id,
    }


def model_for(request: ChatRequest) -> str:
    """The model that is asked for; `auto` is solo for what only one model can do. Errors: InvalidInput."""
    if not request.needs_one:
        return request.model
    if request.model in ("senate", "code-review"):
        raise InvalidInput(
            f"Tools and response_format are for one model, and {request.model} asks several: use model solo, "
            "auto, or a provider's name.",
            param="model",
        )
    return "solo" if request.model == "auto" else request.model


def equipped(prompt: Prompt, request: ChatRequest) -> Prompt:
    """The prompt with the tools and the answer's format that the client asks for. Errors: InvalidInput."""
    if not request.needs_one and request.tool_choice is None:
        return prompt
    tools = tools_in(tool.model_dump(exclude_none=True) for tool in request.tools or ())
    prompt = replace(prompt, tools=tools, tool_choice=choice_in(request.tool_choice, tools))
    if tools:
        prompt = replace(prompt, parallel_tool_calls=request.parallel_tool_calls)
    form = request.response_format
    if form is None or form.type == "text":
        return prompt
    if form.json_schema is None:
        return replace(prompt, json_schema={"type": "object"})
    asked = form.json_schema
    return replace(prompt, json_schema=asked.schema_, schema_name=asked.name, schema_strict=asked.strict is True)
