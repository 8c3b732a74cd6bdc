"""The rows of one session, read together, and a call of it as plain values. What verdict and transcript share."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from providers.format import usd
from senate.models import OPEN_STATES, SenateCall, SenateEvent, SenateSession
from senate.reading.transcript import Call

FIGURES = ("input_tokens", "output_tokens", "cost_usd", "estimated")
TOLD = ("phase.started", "phase.done", "abstention", "chair.rotated", "resolution")


@dataclass(slots=True)
class Rows:
    """All that a transcript is made of, read at one `now`."""

    session: SenateSession
    calls: list[SenateCall]
    events: list[SenateEvent]
    now: datetime

    def latest(self, phase: str, member: int) -> SenateCall | None:
        """The member's call in that phase; a repair and one of a lost worker are no calls of their own here."""
        key = f"{phase}:{member}"
        return next((call for call in self.calls if call.key == key), None)

    def first(self, member: int) -> SenateCall | None:
        return self.latest("answer", member) or self.latest("propose", member)

    def event(self, kind: str, phase: str) -> SenateEvent | None:
        return next((event for event in self.events if event.type == kind and event.phase == phase), None)

    @property
    def open(self) -> bool:
        return self.session.state in OPEN_STATES


def read(session_id: int) -> Rows:
    session = SenateSession.objects.select_related("owner").get(pk=session_id)
    calls = list(session.calls.all())
    events = list(session.events.filter(type__in=TOLD))
    return Rows(session, calls, events, timezone.now())


LOST = ("failed", "timed_out", "cancelled")


def call_of(rows: Rows, call: SenateCall | None) -> Call | None:
    if call is None:
        return None
    ballot = call.phase == "review" and rows.session.plan == "senate"
    return {
        "key": call.key,
        "phase": call.phase,  # type: ignore[typeddict-item]
        "member": call.member,
        "state": call.state,  # type: ignore[typeddict-item]
        "text": "" if ballot else call.text,
        "error": call.error,
        "error_code": call.error_code,
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
        "tokens": call.input_tokens + call.output_tokens,
        "cost_usd": usd(call.cost_usd),
        "estimated": call.estimated,
        "log_id": str(call.log_id or ""),
        "started_at": iso(call.started_at),
        "finished_at": iso(call.finished_at),
        "elapsed_s": seconds(call.started_at, call.finished_at or rows.now),
        "timeout_s": settings.SENATE_TIMEOUT_SECONDS,
    }


def iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def seconds(since: datetime | None, until: datetime | None) -> float:
    return round((until - since).total_seconds(), 1) if since and until else 0.0
