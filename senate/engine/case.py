"""What a deliberation is made of: the case, a call to make, its outcome, what happened, the result. Pure."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from providers.types import ChatMessage, Prompt
from senate.engine.plan import Kind
from senate.engine.prompts import LIMITS, Limits

T = TypeVar("T")
Shows = Literal["reply", "resolution", "nothing"]


class Seat(Protocol):
    @property
    def model(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def thinking(self) -> int: ...  # output tokens that it may think with, on top of those it answers with


@dataclass(frozen=True, slots=True)
class Spec:
    """One call to make. `shows`: which part of the reply people read while it is written.
    `read` gives the parts of a structured reply as plain values, or raises Unreadable."""

    key: str
    phase: str
    member: int
    prompt: Prompt
    timeout_s: float
    shows: Shows = "reply"
    read: Callable[[str], dict[str, Any]] | None = None
    extra: bool = False  # not among the planned calls: a repair, or a chair after the first


@dataclass(frozen=True, slots=True)
class Outcome:
    """State: done, failed, timed_out, cancelled. `text` is the whole reply, `error` a sentence."""

    state: str
    text: str = ""
    error: str = ""
    code: str = ""

    @property
    def good(self) -> bool:
        return self.state == "done"


@dataclass(frozen=True, slots=True)
class Event:
    """See `transcript` for the types. One session has each (type, phase, member, subject) at most once."""

    type: str
    phase: str = ""
    member: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.type, self.phase, self.member, self.data.get("proposal"))


@dataclass(frozen=True, slots=True)
class Result:
    """`state`: done, partial, failed. `kind` of the text: written, leading, none. `member` wrote it.
    `answers`: what it says to each dissenter, by seat; `unanswered`: dissenters to whom it says nothing."""

    state: str
    text: str
    kind: str
    member: int | None
    reason: str = ""
    answers: Mapping[int, str] = field(default_factory=dict)
    unanswered: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What is deliberated. `timeout_s` holds for each call; `grace_s` more, and the engine itself cuts it off.
    `answer_tokens` limits a solo answer where the caller set a limit. `seed` turns the circle in which members
    read each other, so that no seat is read first by the same neighbour in every session. `early_stop`: ballots
    that can no longer change who leads are called off."""

    kind: Kind
    seats: Sequence[Seat]
    question: str
    messages: Sequence[ChatMessage]
    timeout_s: float = 180.0
    grace_s: float = 15.0
    answer_tokens: int | None = None
    seed: int = 0
    early_stop: bool = False
    limits: Limits = LIMITS

    def tokens(self, phase: str, member: int, proposals: int = 0) -> int:
        """Output tokens that this member's call may use: answer, propose, review, cross or chair."""
        limits = self.limits
        answer = {
            "answer": self.answer_tokens or limits.solo,
            "propose": limits.propose,
            "review": limits.ballot(proposals),
            "cross": limits.cross,
            "chair": limits.chair,
        }[phase]
        fixed = phase == "answer" and self.answer_tokens is not None
        return answer if fixed else answer + self.seats[member].thinking

    def title(self, member: int) -> str:
        """The provider's name; with the model where two seats share it."""
        seat = self.seats[member]
        twice = sum(other.name == seat.name for other in self.seats) > 1
        return f"{seat.name} ({seat.model})" if twice else seat.name


Call = Callable[[Spec], Awaitable[Outcome]]
Emit = Callable[..., Awaitable[None]]  # one Event or several, stored together


def longest_s(kind: str, members: int, timeout_s: float, grace_s: float = 15.0) -> float:
    """How long a deliberation can take, in seconds, where every call runs into its time-out."""
    phases = {"solo": 1, "code-review": 2, "senate": 3 + members}[kind]  # a ballot's repair; each member may chair
    return phases * (timeout_s + grace_s)


def quorum(members: int) -> int:
    """Proposals that a resolution needs: more than half of the members."""
    return members // 2 + 1


def chair_order(members: Sequence[int]) -> list[int]:
    """Who chairs, in turn: the second seat first, then the seats after it, the first seat last."""
    return [m for m in members if m >= 1] + [m for m in members if m < 1]


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Runs all at once, each in a task of its own; the first error cancels the rest and is raised bare."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
