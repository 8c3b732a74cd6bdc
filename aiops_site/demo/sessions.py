"""Deliberations that never asked anybody: the site's own engine, with members that follow a script.

So phases, votes, support, dissents, rotations and the numbered events are what the engine makes of them.
"""

import asyncio
import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from aiops_site.demo.scripts import SCRIPTS, SEATS, Script, Turn
from providers.format import usd
from senate.engine.ballots import letter
from senate.engine.case import Event, Outcome, Result, Spec
from senate.engine.deliberation import Deliberation
from senate.models import SenateEvent, SenateSession
from senate.quote import case_of
from senate.work import store
from senate.work.store import CallChange, Entry

FASTER = 500  # a scripted member that takes 10 s is waited for 20 ms
TOKEN = "sample"  # noqa: S105  (a claim, no secret)


def write(team: dict[str, Any]) -> int:
    for script in SCRIPTS:
        _session(script, team)
    return len(SCRIPTS)


def _session(script: Script, team: dict[str, Any]) -> None:
    begun = timezone.now() - timedelta(hours=script.hours)
    session = SenateSession.objects.create(
        owner=team[script.asked_by],
        question=script.question,
        mode=script.mode,
        plan=script.plan,
        why=script.why,
        seats=[SEATS[name] for name in script.seats],
        state="running",
        claimed_by=TOKEN,
        claims=1,
        started_at=begun,
        quoted_usd=script.quoted,
        quoted_tokens=24_000,
    )
    table = Table(script, session, begun)
    result = asyncio.run(table.deliberate())
    table.end(result)
    SenateSession.objects.filter(pk=session.pk).update(created_at=begun, finished_at=table.now)


class Table:
    """Runs one script, and writes rows with the times that the script says."""

    def __init__(self, script: Script, session: SenateSession, begun: datetime) -> None:
        self.script, self.session, self.now = script, session, begun
        self.kept: list[tuple[datetime, Entry]] = []
        self.spent, self.tokens = Decimal(0), 0

    async def deliberate(self) -> Result:
        data = {"plan": self.session.plan, "members": len(self.session.seats), "resumed": False}
        self._keep([Event("session.started", data=data)])
        return await Deliberation(case_of(self.session), self.call, self.emit, self.hold).run()

    async def emit(self, *events: Event) -> None:
        self.hold(*events)

    def hold(self, *events: Event) -> None:
        begun = [event.phase for event in events if event.type == "phase.started"]
        self._keep(list(events), session={"phase": begun[-1]} if begun else {})

    async def call(self, spec: Spec) -> Outcome:
        turn, began = self.script.turn(spec), self.now
        started = {"key": spec.key, "timeout_s": spec.timeout_s, "again": False}
        row = {"phase": spec.phase, "member": spec.member, "started_at": began}
        self._keep(
            [Event("call.started", spec.phase, spec.member, started)], [CallChange(spec.key, row, create=True)]
        )
        await asyncio.sleep(turn.seconds / FASTER)
        self.now = max(self.now, began + timedelta(seconds=turn.seconds))
        reply, shown, parts = _reply(spec, turn)
        self._told(spec, shown)
        return self._ended(spec, turn, reply, shown, parts)

    def _told(self, spec: Spec, shown: str) -> None:
        if shown:
            told = {"key": spec.key, "offset": 0, "text": shown}
            self._keep([Event("call.text", spec.phase, spec.member, told)])

    def _ended(self, spec: Spec, turn: Turn, reply: str, shown: str, parts: dict[str, Any]) -> Outcome:
        state = turn.state
        tokens_in, tokens_out = len(spec.prompt.words) // 4, len(reply or shown) // 4
        cost = (Decimal(tokens_in * 2 + tokens_out * 9) / 1_000_000).quantize(Decimal("0.0000001"))
        self.spent, self.tokens = self.spent + cost, self.tokens + tokens_in + tokens_out
        figures = {"input_tokens": tokens_in, "output_tokens": tokens_out, "estimated": state != "done"}
        row = {"state": state, "text": shown, "error": turn.error, "error_code": turn.code, "data": parts}
        row |= {**figures, "cost_usd": cost, "finished_at": self.now}
        said = {"key": spec.key, "elapsed_s": turn.seconds, **figures, "cost_usd": usd(cost), "log_id": ""}
        if state != "done":
            said |= {"state": state, "error": turn.error, "code": turn.code}
        kind = "call.done" if state == "done" else "call.failed"
        self._keep([Event(kind, spec.phase, spec.member, said)], [CallChange(spec.key, row)])
        return Outcome(state, reply, turn.error, turn.code)

    def _keep(
        self, events: list[Event], calls: list[CallChange] | None = None, session: dict[str, Any] | None = None
    ) -> None:
        self.kept.append((self.now, Entry(self.session.pk, TOKEN, events, calls or [], session or {})))

    def end(self, result: Result) -> None:
        """The last two events, then everything is stored in its order, each with its time."""
        answers = {str(seat): text for seat, text in result.answers.items()}
        data = {"state": result.kind, "member": result.member, "text": result.text}
        data |= {"answers": answers, "unanswered": list(result.unanswered)}
        chair = {"resolution": result.text, "chair": result.member}
        self._keep([Event("resolution", data=data)], session=chair)
        kind = "session.failed" if result.state == "failed" else "session.done"
        told = {
            "state": result.state,
            "reason": result.reason,
            "spent_usd": usd(self.spent),
            "tokens": self.tokens,
        }
        self._keep([Event(kind, data=told)], session=store.closing(result.state, result.reason))
        for at, entry in self.kept:
            store.commit([entry])
            SenateEvent.objects.filter(session=self.session, at__gt=self.now).update(at=at)


def _reply(spec: Spec, turn: Turn) -> tuple[str, str, dict[str, Any]]:
    """(the whole reply, what people read of it, its parts) as the wire and the engine would have them."""
    if turn.state != "done":
        return "", turn.text, {}
    if spec.read is None:
        return turn.text, turn.text, {}
    if spec.phase == "chair":
        dissents = [{"proposal": letter(seat), "answer": answer} for seat, answer in turn.answers.items()]
        reply = json.dumps({"resolution": turn.text, "dissents": dissents})
    else:
        wanted = spec.prompt.json_schema["properties"]["ranking"]["items"]["enum"]
        votes = [_vote(name, turn) for name in wanted]
        votes.sort(key=lambda vote: not vote["agree"])
        reply = json.dumps({"votes": votes, "ranking": [vote["proposal"] for vote in votes]})
    parts = spec.read(reply)
    return reply, parts.get("resolution", ""), {"reply": reply, **parts}


def _vote(name: str, turn: Turn) -> dict[str, Any]:
    agree, reason = turn.votes.get(ord(name) - ord("A"), (True, "It names the cause and the first step."))
    return {"proposal": name, "reason": reason, "agree": agree}
