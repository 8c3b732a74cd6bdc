"""Members that follow a script, for tests of the pure engine."""

import asyncio
import json
from dataclasses import dataclass, field

from providers.types import ChatMessage
from senate.engine.case import Case, Event, Outcome, Spec
from senate.engine.deliberation import Deliberation


@dataclass(frozen=True)
class Seat:
    model: str
    name: str
    thinking: int = 0


def failed(error="Provider x failed: 502.", code="upstream_unavailable"):
    return Outcome("failed", "", error, code)


def timed_out():
    return Outcome("timed_out", "", "No answer within 180 s.", "upstream_timeout")


def labels(spec: Spec):
    return spec.prompt.json_schema["properties"]["votes"]["items"]["properties"]["proposal"]["enum"]


def ballot(spec: Spec, **agree):
    """A ballot that agrees with everything but what is said otherwise: ballot(spec, C=False)."""
    names = labels(spec)
    votes = [{"proposal": n, "reason": f"about {n}", "agree": agree.get(n, True)} for n in names]
    return Outcome("done", json.dumps({"votes": votes, "ranking": names}))


def resolution(text="Roll back.", **answers):
    dissents = [{"proposal": name, "answer": answer} for name, answer in answers.items()]
    return Outcome("done", json.dumps({"resolution": text, "dissents": dissents}))


@dataclass
class Table:
    """`script` maps a call's key to an Outcome, or to a function of the Spec (which may be a coroutine's)."""

    kind: str = "senate"
    members: int = 3
    script: dict = field(default_factory=dict)
    timeout_s: float = 30
    early_stop: bool = False
    asked: list = field(default_factory=list)
    events: list = field(default_factory=list)
    prompts: dict = field(default_factory=dict)

    async def call(self, spec: Spec) -> Outcome:
        self.asked.append(spec.key)
        self.prompts[spec.key] = spec.prompt
        await asyncio.sleep(0)
        answer = self.script.get(spec.key) or self.usual(spec)
        answer = answer(spec) if callable(answer) else answer
        return await answer if asyncio.iscoroutine(answer) else answer

    def usual(self, spec: Spec) -> Outcome:
        match spec.phase:
            case "review" if self.kind == "senate":
                return ballot(spec)
            case "chair":
                return resolution()
            case _:
                return Outcome("done", f"{spec.phase} of {spec.member}")

    async def emit(self, *events: Event) -> None:
        self.events.extend(events)

    def hold(self, *events: Event) -> None:
        self.events.extend(events)

    async def run(self):
        seats = [Seat(f"model-{m}", f"Member {m}") for m in range(self.members)]
        messages = (ChatMessage("user", "Roll back?"),)
        case = Case(self.kind, seats, "Roll back?", messages, self.timeout_s, 0.0, early_stop=self.early_stop)
        self.engine = Deliberation(case, self.call, self.emit, self.hold)
        return await self.engine.run()

    def of(self, kind):
        return [event for event in self.events if event.type == kind]
