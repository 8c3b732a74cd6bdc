"""Members whose vote has never changed which proposal led: each of their reviews is paid for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from providers.format import exact_count, money
from providers.usage.advice import Finding
from providers.usage.names import model_label
from providers.usage.question import Question
from providers.usage.rollup.reading import Reading
from senate.engine.ballots import Ballot, Vote, standings
from senate.models import SenateCall, SenateSession

NEWEST = 200  # sessions that are looked at
FEWEST = 10  # votes of a member; fewer say little
MOST = 5


@dataclass(slots=True)
class Record:
    votes: int = 0
    changed: int = 0
    cost_usd: Decimal = Decimal(0)


def idle_votes(viewer: Any, question: Question, reading: Reading) -> list[Finding]:
    """An adviser of the usage page (`providers.usage.advice`). Of the newest sessions of the range that the reader
    may see; silent where a filter leaves out a part of them."""
    if set(question.filters) - {"user"}:
        return []
    start, end = question.moments()
    sessions = SenateSession.objects.visible_to(viewer).filter(
        plan="senate", state__in=("done", "partial"), created_at__gte=start, created_at__lt=end
    )
    if question.user:
        sessions = sessions.filter(owner__username=question.user)
    seats = dict(sessions.order_by("-id").values_list("id", "seats")[:NEWEST])
    calls = SenateCall.objects.filter(session_id__in=seats, phase__in=("propose", "review")).order_by("id")
    records = _records(seats, calls)
    idle = [(key, one) for key, one in records.items() if one.votes >= FEWEST and not one.changed and one.cost_usd]
    idle.sort(key=lambda pair: (-pair[1].cost_usd, pair[0]))
    return [_finding(*key, record) for key, record in idle[:MOST]]


def _records(seats: Mapping[int, list[dict[str, Any]]], calls: Iterable[SenateCall]) -> dict[Any, Record]:
    """(provider, model) -> how often it voted, how often that changed who led, what its reviews cost."""
    proposals: dict[int, list[int]] = defaultdict(list)
    ballots: dict[int, dict[int, Ballot]] = defaultdict(dict)
    records: dict[Any, Record] = defaultdict(Record)
    for call in calls:
        if call.phase == "propose" and call.state == "done":
            proposals[call.session_id].append(call.member)
        elif call.phase == "review":
            records[_seat(seats, call)].cost_usd += call.cost_usd
            if call.state == "done" and "votes" in call.data:
                votes = tuple(Vote(v["proposal"], v["agree"], v["reason"]) for v in call.data["votes"])
                ballots[call.session_id][call.member] = Ballot(votes, tuple(call.data["ranking"]))
    for session, cast in ballots.items():
        for member in cast:
            seat = seats[session][member]
            record = records[seat["provider"], seat["model"]]
            record.votes += 1
            record.changed += changed(proposals[session], cast, member)
    return records


def _seat(seats: Mapping[int, list[dict[str, Any]]], call: SenateCall) -> tuple[str, str]:
    seat = seats[call.session_id][call.member]
    return seat["provider"], seat["model"]


def changed(proposals: list[int], ballots: Mapping[int, Ballot], member: int) -> bool:
    """Whether another proposal leads without this member's ballot, or none does."""
    rest = {who: ballot for who, ballot in ballots.items() if who != member}
    if not rest:
        return True
    return standings(proposals, ballots)[0].member != standings(proposals, rest)[0].member


def _finding(provider: str, model: str, record: Record) -> Finding:
    name = model_label(provider, model)
    text = (
        f"In {exact_count(record.votes)} deliberations the same proposal had led without the vote of {name}. "
        "Its proposals may still be worth their price; another seat might add more."
    )
    figures = [("Votes", exact_count(record.votes)), ("Changed who led", "0"), ("Reviews", money(record.cost_usd))]
    filters = {"operation": "senate.review", "provider": provider, "model": model}
    pico = int(record.cost_usd.scaleb(12))
    return Finding("idle_vote", f"The vote of {name} never changed a result", text, pico, figures, filters)
