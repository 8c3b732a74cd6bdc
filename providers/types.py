"""Plain values that travel between the door, the wires and the ledger. No Django here.

A wire sees a `Connection` and a `Prompt`; the ledger sees a `Purpose`; a `Meter` is what is known
of one upstream call so far and survives time-outs and cancellation.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from providers.conversation.calls import Assembly, ToolCall, ToolDelta, ToolSpec
from providers.guard import mended

__all__ = [
    "AIResponse",
    "ChatMessage",
    "Connection",
    "Meter",
    "ModelInfo",
    "Prompt",
    "Purpose",
    "Reply",
    "ToolCall",
    "ToolDelta",
    "ToolSpec",
    "Usage",
    "UsageSource",
]

UsageSource = Literal["reported", "estimated", "interrupted", "unknown"]


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a call goes. The key never shows in a repr.

    `account_id`: where it is part of the address (Cloudflare). `allowed_hosts`: the only hosts that a
    wire with such a rule may call (Jules); empty there means none.
    """

    provider: str
    base_url: str
    key: str = field(repr=False, default="")
    timeout_s: float = 180.0
    account_id: str = ""
    allowed_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn. An assistant's turn may hold calls; each is then answered by a turn of role `tool`, which names
    the call and its tool (`providers.conversation.turns` sees to that)."""

    role: Literal["user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    tool_name: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent. `max_output_tokens` is always set: a call without a bound can't be reserved.

    `json_schema`: what the answer must fit; {"type": "object"} alone means any JSON object. A wire uses its
    provider's own mode for it, unless it has none or `schema_in_words` is set: then the schema stands in the
    system prompt. `schema_strict`: the schema holds what the strict modes ask for. `tool_choice`: auto, none,
    required, or the name of the one tool to call; empty says nothing.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    max_output_tokens: int
    system: str = ""
    temperature: float | None = None
    json_schema: dict[str, Any] | None = None
    schema_name: str = "answer"
    schema_strict: bool = True
    schema_in_words: bool = False
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = ""
    parallel_tool_calls: bool | None = None

    @property
    def words(self) -> str:
        """All that an upstream reads and bills as input: tools, calls and the schema of an answer too."""
        said = [self.system, *(message.content for message in self.messages)]
        if self.json_schema:
            said.append(json.dumps(self.json_schema))
        said += [f"{tool.name} {tool.description} {json.dumps(tool.parameters)}" for tool in self.tools]
        said += [f"{call.name} {call.arguments}" for message in self.messages for call in message.tool_calls]
        return "".join(said)


@dataclass(frozen=True, slots=True)
class Purpose:
    """For whom and why a call is made. `reservation` names one that the caller holds already
    (a whole deliberation reserves once); without it the gateway reserves for this call alone.
    `may_fall_back`: another provider may answer where this one can't; not for a member of a committee.
    `keep_raw`: the answer also carries what the upstream sent (`AIResponse.raw_response`).
    `describe`: what a good answer adds to its row's `metadata`, which can't be changed later."""

    user_id: int
    operation: str
    session_id: str = ""
    reservation: str | None = None
    may_fall_back: bool = True
    keep_raw: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)
    describe: Callable[[str], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, normalised so that total = input + output.

    `cached_input_tokens` and `cache_write_tokens` are parts of `input_tokens`;
    `reasoning_tokens` is part of `output_tokens`. `cost_usd` only where the upstream bills it itself.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: Decimal | None = None

    def fits(self, most: int) -> bool:
        """Whether all are plain whole numbers, parts within their whole, and no whole is above `most`."""
        tokens_in, tokens_out, cached = self.input_tokens, self.output_tokens, self.cached_input_tokens
        written, reasoning = self.cache_write_tokens, self.reasoning_tokens
        plain = type(tokens_in) is type(tokens_out) is type(cached) is type(written) is type(reasoning) is int
        return plain and (
            0 <= cached <= tokens_in <= most
            and 0 <= written <= tokens_in - cached
            and 0 <= reasoning <= tokens_out <= most
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer of an upstream. `usage` is None where the upstream reported none."""

    content: str
    model: str
    finish_reason: str
    usage: Usage | None
    upstream_id: str = ""
    raw: dict[str, Any] = field(default_factory=dict)
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    id: str
    retires_on: str = ""


@dataclass(slots=True)
class Meter:
    """What is known of one attempt so far; the wire writes, the gateway reads whatever happens.

    `on_text` set means: stream, and hand over each piece as it comes; `on_call` gets the pieces of tool calls.
    `takes_calls`: tools were offered; from a model that has none a call is not even noted.
    `sent` turns true once the upstream may have the request (its outcome is then unknown, not free).
    """

    on_text: Callable[[str], None] | None = None
    on_call: Callable[[ToolDelta], None] | None = None
    takes_calls: bool = False
    sent: bool = False
    usage: Usage | None = None
    model: str = ""
    upstream_id: str = ""
    started_at: float = field(default_factory=time.monotonic)
    first_text_at: float | None = None
    _pieces: list[str] = field(default_factory=list)
    _assembly: Assembly | None = None

    @property
    def streaming(self) -> bool:
        return self.on_text is not None

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def written(self) -> str:
        """All that the model wrote, the arguments of its calls included."""
        return self.text if self._assembly is None else self.text + self._assembly.text()

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return () if self._assembly is None else self._assembly.calls()

    def call(
        self, slot: int | None, *, id: str = "", name: str = "", arguments: str = "", signature: str = ""
    ) -> None:
        """Takes one piece of a tool call; `slot` is the upstream's index of the call, where it gives one."""
        if not self.takes_calls:
            return
        if self._assembly is None:
            self._assembly = Assembly()
        delta = self._assembly.add(slot, id, name, arguments, signature)
        if self.first_text_at is None:
            self.first_text_at = time.monotonic()
        if delta is not None and self.on_call is not None:
            self.on_call(delta)

    def write(self, piece: str) -> None:
        """Takes one streamed piece of the answer."""
        if not piece:
            return
        piece = mended(piece)
        if self.first_text_at is None:
            self.first_text_at = time.monotonic()
        self._pieces.append(piece)
        if self.on_text is not None:
            self.on_text(piece)


@dataclass(frozen=True, slots=True)
class AIResponse:
    """What the gateway returns. `cost_usd` is exact; `estimated` says that usage was counted here,
    not reported by the upstream. Tokens and cost are of every attempt that was billed for it; `log_id` is the
    usage row of the one that answered. `raw_response`: the upstream's JSON, keys masked, bounded; of a stream its
    frame without the text; empty where nobody asked for it. `tool_calls`: what the model asks for, in OpenAI's
    shape (send them back as they are), each with `error` where its arguments are broken; None where it asks for
    nothing. `parsed` and `validation_errors`: with `response_model` only. `metadata`: used_fallback, attempts,
    fallback_for, budget_warning; of a structured answer also `structured` (see `conversation.structured`)."""

    content: str
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal
    estimated: bool
    finish_reason: str
    log_id: str
    duration_ms: int
    raw_response: dict[str, Any] = field(default_factory=dict)
    tool_calls: list[dict[str, Any]] | None = None
    parsed: Any = None
    validation_errors: list[str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def as_message(self) -> dict[str, Any]:
        """This answer as a message, to go on with the conversation."""
        calls = {"tool_calls": self.tool_calls} if self.tool_calls else {}
        return {"role": "assistant", "content": self.content, **calls}
