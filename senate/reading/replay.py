"""A session as it was right after one of its events: what a time slider shows, by the same transcript.

A call that had ended by then is its row as it is. Of one that was still being written, the events have the text.
"""

from collections import defaultdict
from typing import Any

from senate.models import OPEN_STATES, SenateCall, SenateEvent, SenateSession
from senate.reading.sheet import FIGURES, Rows

ENDS = ("call.done", "call.failed")


def as_of(rows: Rows, at: int) -> Rows:
    """`rows` as they were after event `at` (0: before the first one; beyond the last: as they are)."""
    session = rows.session
    if at >= session.last_n:
        return rows
    events = list(SenateEvent.objects.filter(session_id=session.pk, n__lte=at).order_by("n"))
    told = [event for event in rows.events if event.n <= at]
    now = events[-1].at if events else session.created_at
    return Rows(_session(session, events), _calls(rows, events), told, now)


def _session(now: SenateSession, events: list[SenateEvent]) -> SenateSession:
    """A copy, never saved. It is open: the event that ends a session is its last one."""
    then = SenateSession(**{f.attname: getattr(now, f.attname) for f in now._meta.concrete_fields})
    then.owner = now.owner
    kinds = {event.type for event in events}
    phases = [event.phase for event in events if event.type == "phase.started"]
    then.state = "running" if "session.started" in kinds else "queued"
    assert then.state in OPEN_STATES
    then.phase = phases[-1] if phases else ""
    then.last_n = events[-1].n if events else 0
    then.started_at = events[0].at if events else None
    then.finished_at, then.reason, then.cancel_requested = None, "", False
    if "resolution" not in kinds:
        then.resolution, then.chair = "", None
    return then


def _calls(rows: Rows, events: list[SenateEvent]) -> list[SenateCall]:
    """Each row with its own events: rows of one key (calls that were lost, then the one that counts) in order."""
    waiting: dict[str, list[SenateCall]] = defaultdict(list)
    for call in sorted(rows.calls, key=lambda call: call.pk):
        waiting[call.key.partition(":lost")[0]].append(call)
    begun: dict[str, SenateCall] = {}
    made: list[SenateCall] = []
    for event in events:
        key = event.data.get("key", "")
        if event.type == "call.started" and waiting[key]:
            begun[key] = waiting[key].pop(0)
            made.append(_blank(begun[key], key, event))
        elif event.type == "call.text" and key in begun:
            _write(made, begun[key], event.data)
        elif event.type in ENDS and key in begun:
            row = begun.pop(key)
            made[_place(made, row)] = row
    return made


def _blank(row: SenateCall, key: str, event: SenateEvent) -> SenateCall:
    return SenateCall(
        pk=row.pk,
        session_id=row.session_id,
        key=key,
        phase=row.phase,
        member=row.member,
        state="waiting",
        data={},
        started_at=event.at,
    )


def _write(made: list[SenateCall], row: SenateCall, data: dict[str, Any]) -> None:
    call = made[_place(made, row)]
    call.state = "writing"
    call.text = call.text[: data["offset"]] + data["text"]
    for name in FIGURES:
        setattr(call, name, SenateCall._meta.get_field(name).to_python(data.get(name, getattr(call, name))))


def _place(made: list[SenateCall], row: SenateCall) -> int:
    return next(at for at, call in enumerate(made) if call.pk == row.pk)
