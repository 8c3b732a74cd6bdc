"""Plain values between a run and its engines."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from jules.patch.contract import Proposal
from providers.exceptions import AIServiceError


class Stopped(AIServiceError):
    """The attempt ends here; the text says why and what to do."""

    http_status = 409
    type = "fix_error"
    code = "fix_stopped"


class Waits(Exception):
    """A person has to decide first; the attempt goes on from there."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What an engine is told: nothing of the site, no secret, no token."""

    attempt_id: int
    user_id: int
    service: str
    repository_url: str
    branch: str
    log: str
    reason: str
    cause: str
    command: str
    output: str
    files: Mapping[str, str]
    named: tuple[str, ...] = ()
    service_id: str = ""  # for the usage rows
    monitoring: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`proposal`, or a git `patch` on a commit."""

    proposal: Proposal | None = None
    patch: str = ""
    description: str = ""
    model: str = ""
    prompt_hash: str = ""
    cost_usd: Decimal = Decimal(0)
    remote_session: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class Desk(Protocol):
    """What a run lets an engine do."""

    async def say(self, text: str) -> None: ...

    async def keep(self, **columns: Any) -> None: ...

    def write(self, **columns: Any) -> None:
        """The same, sync, in whatever transaction is open."""

    def objections(self, proposal: Proposal) -> list[str]: ...

    async def approved(self, act: str, title: str, why: str) -> None: ...


Engine = Callable[[Failure, Desk, str], Awaitable[Answer]]
