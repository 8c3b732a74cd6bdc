"""The body of a chat request, as OpenAI clients send it: what we honour, what we refuse with a sentence.

Unknown fields are refused, so that nobody believes in an effect that is not there. Sampling knobs that
OpenAI clients send by habit are taken and ignored where a provider has no such knob.
"""

import json
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from providers.conversation import Conversation, within
from providers.exceptions import InvalidInput
from providers.guard import storable_all

DEFAULT_OUTPUT_TOKENS = 2_000
CEILING_OUTPUT_TOKENS = 32_000
LONGEST_FIELD = 80
_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")  # only so can NUL or half a pair stand in UTF-8 JSON


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["text", "input_text"]
    text: str


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid")
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part]
    name: str | None = None

    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="ignore")
    include_usage: bool = False


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

    @field_validator("max_tokens", "max_completion_tokens")
    @classmethod
    def in_bounds(cls, value: int | None) -> int | None:
        if value is not None and value < 1:
            raise ValueError("must be 1 or more")
        return value

    def output_tokens(self) -> int:
        """The bound of the answer: what was asked, at most our ceiling; a default where nothing was asked."""
        asked = self.max_completion_tokens or self.max_tokens or DEFAULT_OUTPUT_TOKENS
        return min(asked, CEILING_OUTPUT_TOKENS)


def parse(body: bytes) -> ChatRequest:
    """Errors: InvalidInput naming the first field that can't be used."""
    if not body.strip():
        raise InvalidInput("The body is empty; it must be JSON with `messages`.", code="invalid_body")
    try:
        given = json.loads(body.decode(), parse_constant=_no_constant)  # JSON is UTF-8; `loads` would guess
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
    """What the client said as user and assistant turns: a system message is demoted to user text."""
    return within([(message.role, message.text()) for message in request.messages], limit)
