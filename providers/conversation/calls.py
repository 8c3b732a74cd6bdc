"""Tools as every wire speaks of them: what a model may ask for, what it asked for, the pieces of that in a stream.

Nothing here runs a tool. Arguments stay the text that the model wrote until somebody asks for their values:
text that is no JSON object is an error value (`ToolCall.error`), never a guess.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from providers.exceptions import InvalidInput, UpstreamBroken
from providers.guard import mended, storable_all

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
CHOICES = ("auto", "none", "required")
MOST_TOOLS = 128
MOST_CALLS = 64
MOST_ARGUMENTS = 200_000  # characters, of all calls of one answer


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that a model may ask for. `parameters` is the JSON schema of an object; `strict` asks providers that
    can for arguments that surely fit it. Errors: InvalidInput for a name that some provider would refuse."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool = False

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or self.name in (*CHOICES, "any"):
            raise InvalidInput(
                "A tool's name has 1 to 64 letters, digits, _ and -, and is not auto, none, required or any.",
                param="tools",
            )
        if not isinstance(self.parameters, dict) or self.parameters.get("type") != "object":
            raise InvalidInput(f"The parameters of tool {self.name} must be a JSON schema of type object.")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model asks for a tool. `arguments` is its text as it came; `signature` must go back to Gemini as it is."""

    id: str
    name: str
    arguments: str = ""
    signature: str = ""

    @property
    def values(self) -> dict[str, Any] | None:
        """The arguments; None where they are broken."""
        return parsed_arguments(self.arguments)[0]

    @property
    def error(self) -> str:
        """Why the arguments can't be used; empty where they can."""
        return parsed_arguments(self.arguments)[1]

    def as_openai(self) -> dict[str, Any]:
        """The shape that OpenAI clients read and send back; Gemini's signature where Google's own API puts it."""
        shape: dict[str, Any] = {
            "id": self.id,
            "type": "function",
            "function": {"name": self.name, "arguments": self.arguments},
        }
        if self.signature:
            shape["extra_content"] = {"google": {"thought_signature": self.signature}}
        return shape


@dataclass(frozen=True, slots=True)
class ToolDelta:
    """A piece of a call in a stream. `id` and `name` stand in the first piece of each call only."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    signature: str = ""


def parsed_arguments(text: str) -> tuple[dict[str, Any] | None, str]:
    """(values, "") or (None, what is wrong). No text at all means no arguments."""
    if not text.strip():
        return {}, ""
    try:
        values = json.loads(text, parse_constant=_refuse_constant)
        proper = storable_all(values)
    except (ValueError, RecursionError):
        return None, "Its arguments are not valid JSON."
    if not isinstance(values, dict):
        return None, "Its arguments are not a JSON object."
    if not proper:
        return None, "Its arguments hold NUL or half of a surrogate pair."
    return values, ""


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def arguments_text(value: Any) -> str:
    """Arguments as text, from a wire that sends them as an object (its numbers may be exact decimals)."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=float)


def new_call_id() -> str:
    """An id for a call that came without one, in the form that every provider takes (Mistral's is narrowest)."""
    return uuid4().hex[:9]


@dataclass(slots=True)
class _Draft:
    index: int
    id: str
    name: str = ""
    signature: str = ""
    told: bool = False
    pieces: list[str] = field(default_factory=list)


class Assembly:
    """Puts calls together from their pieces, by the index that the upstream gives them."""

    def __init__(self) -> None:
        self._drafts: list[_Draft] = []
        self._slots: dict[int, _Draft] = {}
        self._size = 0

    def add(
        self, slot: int | None, id: str = "", name: str = "", arguments: str = "", signature: str = ""
    ) -> ToolDelta | None:
        """Takes one piece; gives what can be handed on. Errors: UpstreamBroken above the bounds."""
        draft = self._draft(slot, id, name)
        draft.name = draft.name or name
        draft.signature = draft.signature or signature
        arguments = mended(arguments)
        draft.pieces.append(arguments)
        self._size += len(arguments)
        if self._size > MOST_ARGUMENTS:
            raise UpstreamBroken("Its tool calls are too long.")
        if not draft.name:
            return None
        if draft.told:
            return ToolDelta(draft.index, arguments=arguments, signature=signature)
        draft.told = True
        return ToolDelta(draft.index, draft.id, draft.name, "".join(draft.pieces), draft.signature)

    def _draft(self, slot: int | None, id: str, name: str) -> _Draft:
        """Some upstreams give all calls index 0, or none: a name with another id then begins the next call."""
        found = self._slots.get(slot) if slot is not None else (self._drafts or [None])[-1]
        fresh = bool(name) and found is not None and found.name and (id != found.id if id else slot is None)
        if found is None or fresh:
            if len(self._drafts) == MOST_CALLS:
                raise UpstreamBroken(f"It asks for more than {MOST_CALLS} tools at once.")
            found = _Draft(len(self._drafts), id or new_call_id())
            self._drafts.append(found)
            if slot is not None:
                self._slots[slot] = found
        return found

    def text(self) -> str:
        """All that was written for calls, to count it."""
        return "".join("".join([draft.name, *draft.pieces]) for draft in self._drafts)

    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(
            ToolCall(draft.id, draft.name, "".join(draft.pieces), draft.signature)
            for draft in self._drafts
            if draft.name
        )
