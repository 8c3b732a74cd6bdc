"""Plain values of a run. No Django here."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from providers.conversation.calls import ToolCall

Mind = Literal["model", "runbook"]
CONCLUDE = "conclude"  # what a model calls to give its answer; no tool of the site


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that a mind asks for. `error`: why it can't be made; then it is told and not made."""

    id: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    shape: dict[str, Any] = field(default_factory=dict)

    def as_openai(self) -> dict[str, Any]:
        """As the model wrote it; of a mind that writes nothing, the same form."""
        return self.shape or ToolCall(self.id, self.name, json.dumps(self.arguments)).as_openai()


@dataclass(frozen=True, slots=True)
class Turn:
    """What a mind does next: calls, or with none of them its answer. `evidence`: [{url, says}] as it claims it."""

    mind: Mind
    text: str = ""
    asked: tuple[Asked, ...] = ()
    answer: str = ""
    evidence: tuple[dict[str, str], ...] = ()
    provider: str = ""
    model: str = ""
    cost_usd: Decimal = Decimal(0)
    log_id: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step as minds see it; `result` is plain JSON."""

    n: int
    kind: str
    turn: int
    text: str
    calls: list[dict[str, Any]]
    call_id: str
    tool: str
    arguments: dict[str, Any]
    state: str
    result: Any
    error: str


@dataclass(frozen=True, slots=True)
class Case:
    """What a mind is asked: the question, what it may call, what was done so far, and what is left to spend.

    `last`: no call is left, it must answer now.
    """

    question: str
    cause: str
    service: dict[str, str] | None
    tools: list[Any]
    steps: list[Step]
    steps_left: int
    seconds_left: float
    usd_left: Decimal

    @property
    def last(self) -> bool:
        return self.steps_left <= 0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ends."""

    state: str
    reason: str = ""
    answer: str = ""
    evidence: list[dict[str, str]] = field(default_factory=list)
    unproven: list[dict[str, str]] = field(default_factory=list)


class OutOfBudget(Exception):
    """What comes next would pass the budget; the sentence says which part."""


class Thinks(Protocol):
    """A mind. Errors: AIServiceError where it can't think at all; OutOfBudget."""

    async def next(self, case: Case) -> Turn: ...
