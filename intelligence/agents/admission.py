"""What a call passes before its tool runs, and what is written down after. Sync: one hop each."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils import timezone

from intelligence.agents import callers
from intelligence.agents.callers import Caller, Standing
from intelligence.approval import approvals
from intelligence.approval.binding import canonical
from intelligence.logs import secrets
from intelligence.models import Approval
from providers.access import idempotency
from providers.conversation.calls import parsed_arguments
from providers.exceptions import AIServiceError, InvalidInput, NotAllowed, RateLimited
from providers.guard import Redactor
from providers.rates import throttles
from providers.tools import Tool, ToolRegistry
from providers.trail import audit

FAMILY = "tool"  # of acts: `tool.<name>`
MOST_WAITING = 20  # approvals of one caller: a person who is asked too much no longer reads
SPARE_S = 10.0


class Refused(AIServiceError):
    """A call that was not done, or that failed: status, type, code, param and sentence of its cause."""

    def __init__(self, cause: AIServiceError) -> None:
        super().__init__(cause.message, code=cause.code, param=cause.param, retry_after=cause.retry_after)
        self.http_status, self.type, self.retryable = cause.http_status, cause.type, cause.retryable
        self.headers: dict[str, str] = getattr(cause, "headers", {})

    @property
    def status(self) -> int:
        return self.http_status


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as a caller sees it. `parameters` is the JSON schema of its arguments; `approval`: a person
    decides; `lasts_s`: how long it may take."""

    name: str
    description: str
    parameters: dict[str, Any]
    risk: str
    approval: bool
    scopes: tuple[str, ...]
    lasts_s: float

    @classmethod
    def of(cls, tool: Tool) -> "Offered":
        areas, spec = tuple(sorted(tool.scopes)), tool.spec
        return cls(tool.name, spec.description, spec.parameters, tool.risk, tool.approval, areas, tool.lasts_s)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Either `result`, plain JSON values without keys and within the tool's size, or the approval that it waits
    for. `replayed`: it is what an earlier call with the same idempotency key gave."""

    result: Any = None
    approval_id: UUID | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that may run now. `number` is its audit entry."""

    standing: Standing
    tool: Tool
    given: dict[str, Any] = field(repr=False)
    mask: Redactor = field(repr=False)
    number: int
    claim: idempotency.Claim | None = None


def admit(
    caller: Caller, name: str, arguments: Mapping[str, Any] | str | None, key: str | None
) -> Admitted | Outcome:
    """Lets a call through, answers it from an earlier one, or asks a person. Errors: Refused, all audited."""
    try:
        now = callers.standing(caller)
        _count(now)
        tool, given, plain = _checked(now, name, arguments)
        claim = _claim(now, tool, plain, key)
        if claim is not None and claim.answered:
            return _replay(claim)
        return _let_through(now, tool, given, plain, claim)
    except AIServiceError as error:
        note_refusal(caller, name, arguments, error)
        raise Refused(error) from None


def _count(now: Standing) -> None:
    rate = now.agent.calls_per_minute if now.agent else callers.CALLS_PER_MINUTE
    throttles.take("tool", f"{rate}/min", now.counted_as)


def _checked(
    now: Standing, name: str, arguments: Mapping[str, Any] | str | None
) -> tuple[Tool, dict[str, Any], dict[str, Any]]:
    """The tool, the arguments of its function, and the same as plain values. A tool that is not the caller's is
    said before anything of its arguments."""
    tool = ToolRegistry.get(str(name))
    if not now.scoped(tool):
        needs = " or ".join([*sorted(tool.scopes), tool.risk])
        raise NotAllowed(f"The tool {tool.name} needs the scope {needs}.", code="scope_missing", param="name")
    if not now.may(tool):
        raise NotAllowed(f"The role of {now.owner.get_username()} may not call {tool.name}.", param="name")
    plain = _values(tool, arguments)
    _, given = ToolRegistry.checked(tool.name, plain, now.owner)
    return tool, given, plain


def _values(tool: Tool, arguments: Mapping[str, Any] | str | None) -> dict[str, Any]:
    if isinstance(arguments, str):
        values, wrong = parsed_arguments(arguments)
        if values is None:
            raise InvalidInput(f"The call of {tool.name} can't be used. {wrong}", param="arguments")
        return values
    if arguments is not None and not isinstance(arguments, Mapping):
        raise InvalidInput("The arguments are an object.", param="arguments")
    return dict(arguments or {})


def _claim(now: Standing, tool: Tool, plain: dict[str, Any], key: str | None) -> idempotency.Claim | None:
    if key is None:
        return None
    body = idempotency.fingerprint({"tool": tool.name, "arguments": plain})
    return idempotency.begin(now.owner.pk, _counted(now.caller), key, body, hold_s=tool.lasts_s + SPARE_S)


def _counted(caller: Caller) -> str:
    """Whose keys are told apart."""
    return f"tool:{caller.agent_id.hex if caller.agent_id else 'user'}"


def earlier(caller: Caller, key: str) -> Outcome | None:
    """What a call with that key gave, where it was kept."""
    claim = idempotency.kept(caller.owner_id, _counted(caller), key)
    return None if claim is None else _replay(claim)


def _replay(claim: idempotency.Claim) -> Outcome:
    kept = dict(claim.body or {})
    waits = UUID(kept["approval_id"]) if kept.get("approval_id") else None
    return Outcome(kept.get("result"), waits, replayed=True)


def _let_through(
    now: Standing, tool: Tool, given: dict[str, Any], plain: dict[str, Any], claim: idempotency.Claim | None
) -> Admitted | Outcome:
    try:
        if tool.approval:
            asked = ask(now, tool, given, plain)
            if claim is not None:
                idempotency.finish(claim, 202, {"approval_id": str(asked.pk)})
            return Outcome(approval_id=asked.pk)
        mask = secrets.current()
        entry = audit.record("tool.call", now.thing, after=told(now, tool, plain, mask), by=now.owner)
        return Admitted(now, tool, given, mask, entry.number, claim)
    except Exception:
        if claim is not None:
            idempotency.forget(claim)
        raise


def ask(now: Standing, tool: Tool, given: dict[str, Any], plain: dict[str, Any]) -> Approval:
    """Shows a person what the call would do. Errors: RateLimited where too many wait; those of the tool."""
    caller = now.caller
    act, open_ = f"{FAMILY}.{tool.name}", Approval.objects.filter(state="pending", expires_at__gt=timezone.now())
    waiting = open_.filter(requested_by=now.owner, agent_id=caller.agent_id).exclude(caller={})
    if waiting.count() >= MOST_WAITING and not waiting.filter(act=act, arguments=plain).exists():
        sentence = f"{MOST_WAITING} approvals of this agent wait already. Wait until they are decided."
        raise RateLimited(sentence, retry_after=60)
    assert tool.preview is not None, "a tool that needs approval is not registered without a preview"
    shown = tool.preview(**given)
    return approvals.request(
        act,
        plain,
        user=now.owner,
        requester=f"{now.name} (agent)" if now.agent else now.name,
        why=str(plain.get("reason") or "")[:500],
        evidence_url=f"/agents/runs/{caller.run_id}/" if caller.run_id else "",
        target=shown.target,
        title=shown.title,
        risk=tool.risk,
        touches=[*shown.touches, ["Can be undone", "no" if tool.risk == "destructive" else "yes"]],
        changes=shown.changes,
        caller=caller.as_dict(),
    )


def told(now: Standing, tool: Tool, plain: dict[str, Any], mask: Redactor) -> dict[str, Any]:
    """What the audit log keeps of a call."""
    text = canonical(plain)
    return {
        "tool": tool.name,
        "risk": tool.risk,
        "arguments": mask.whole(text),
        "sha256": hashlib.sha256(f"{tool.name}\n{text}".encode()).hexdigest(),
        **_with(now.caller),
    }


def _with(caller: Caller) -> dict[str, Any]:
    run = {"run": str(caller.run_id)} if caller.run_id else {}
    return {"jti": caller.jti, **run} if caller.jti else run


def succeeded(step: Admitted, result: Any) -> Outcome:
    """Keeps and audits what a tool gave."""
    after = {"tool": step.tool.name, "call": step.number, "chars": len(canonical(result))}
    audit.record("tool.result", step.standing.thing, after=after, by=step.standing.owner)
    if step.claim is not None:
        idempotency.finish(step.claim, 200, {"result": result})
    return Outcome(result)


def failed(step: Admitted, error: AIServiceError) -> Refused:
    """Audits how a call ended; its idempotency key is free again."""
    after = {"tool": step.tool.name, "call": step.number, "error": error.code}
    audit.record("tool.result", step.standing.thing, after=after, outcome="failed", by=step.standing.owner)
    if step.claim is not None:
        idempotency.forget(step.claim)
    error.restate(step.mask.whole(error.message))
    return Refused(error)


def note_refusal(caller: Caller, name: Any, arguments: Any, error: AIServiceError) -> None:
    """Writes a refusal down. Of calls over the rate one a minute is enough: a flood must not fill the log."""
    owner, thing = callers.answers_for(caller), callers.named(caller)
    if isinstance(error, RateLimited) and not throttles.granted("tool-told", "1/min", str(thing.id)):
        return
    after = {"tool": str(name)[:64], "code": error.code, "why": error.message, **_with(caller)}
    if isinstance(arguments, Mapping):
        after["sha256"] = hashlib.sha256(f"{name}\n{arguments!r}".encode()).hexdigest()
    audit.record("tool.refuse", thing, after=after, outcome="refused", by=owner)
