"""Ballots and the chair's reply: their JSON schemas, strict parsing, and counting. Pure.

Votes come only from a member's own structured reply. What can't be read is `Unreadable`; nothing is guessed.
Members are seat numbers; in prompts and replies they are letters (A is seat 0).
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NoReturn

from providers.guard import mended

MAX_REPLY_CHARS = 60_000
MAX_REASON_CHARS = 400
MAX_ANSWER_CHARS = 2_000
_FENCE = re.compile(r"\A```[a-zA-Z]*\s*\n(.*)\n\s*```\Z", re.DOTALL)
_THINKING = re.compile(r"\A<think>.*?</think>", re.DOTALL)


class Unreadable(ValueError):
    """The reply is not what was asked for; the text says in a few words why."""


@dataclass(frozen=True, slots=True)
class Vote:
    proposal: int
    agree: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Ballot:
    """One vote per proposal of the others, and those proposals from best to worst."""

    votes: tuple[Vote, ...]
    ranking: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        votes = [{"proposal": v.proposal, "agree": v.agree, "reason": v.reason} for v in self.votes]
        return {"votes": votes, "ranking": list(self.ranking)}


@dataclass(frozen=True, slots=True)
class ChairReply:
    """`answers`: what the resolution says to the author of a dissent, by seat; empty ones are left out."""

    resolution: str
    answers: Mapping[int, str]


def letter(member: int) -> str:
    return chr(ord("A") + member)


def ballot_schema(proposals: Collection[int]) -> dict[str, Any]:
    """The reason comes before the verdict: a reviewer that argues first ranks better."""
    label = {"type": "string", "enum": sorted(letter(p) for p in proposals)}
    vote = _object({"proposal": label, "reason": {"type": "string"}, "agree": {"type": "boolean"}})
    return _object({"votes": {"type": "array", "items": vote}, "ranking": {"type": "array", "items": label}})


def chair_schema(proposals: Collection[int]) -> dict[str, Any]:
    label = {"type": "string", "enum": sorted(letter(p) for p in proposals)}
    answer = _object({"proposal": label, "answer": {"type": "string"}})
    return _object({"resolution": {"type": "string"}, "dissents": {"type": "array", "items": answer}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def parse_ballot(text: str, proposals: Collection[int]) -> Ballot:
    """Reads a ballot on exactly these proposals. Raises Unreadable, also for a vote too many or too few."""
    reply = _read(text, {"votes", "ranking"})
    votes = tuple(_vote(item, proposals) for item in _list(reply["votes"], "votes"))
    _each_once([v.proposal for v in votes], proposals, "votes")
    ranking = tuple(_seat(label, proposals) for label in _list(reply["ranking"], "ranking"))
    _each_once(ranking, proposals, "ranking")
    return Ballot(votes, ranking)


def parse_chair(text: str, proposals: Collection[int]) -> ChairReply:
    """Reads a chair's reply. Raises Unreadable."""
    reply = _read(text, {"resolution", "dissents"})
    resolution = _text(reply["resolution"], "resolution")
    answers: dict[int, str] = {}
    for item in _list(reply["dissents"], "dissents"):
        fields = _fields(item, {"proposal", "answer"}, "dissent")
        seat = _seat(fields["proposal"], proposals)
        if seat in answers:
            raise Unreadable(f"it answers proposal {letter(seat)} twice")
        if not isinstance(fields["answer"], str):
            raise Unreadable("an answer to a dissent is no text")
        answers[seat] = fields["answer"].strip()[:MAX_ANSWER_CHARS]
    return ChairReply(resolution, {seat: answer for seat, answer in answers.items() if answer})


def _read(text: str, keys: set[str]) -> dict[str, Any]:
    """The one JSON object that the whole reply must be; a code fence around it is tolerated."""
    if len(text) > MAX_REPLY_CHARS:
        raise Unreadable("it is too long")
    bare = _THINKING.sub("", text.strip()).strip()
    if fenced := _FENCE.match(bare):
        bare = fenced.group(1)
    try:
        reply = json.loads(bare, object_pairs_hook=_unique, parse_constant=_no_constant)
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("it is no JSON object" if bare else "it is empty") from None
    return _fields(reply, keys, "reply")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Unreadable("it says one thing twice")
    return made


def _no_constant(name: str) -> NoReturn:
    raise Unreadable(f"it contains {name}")


def _fields(value: Any, keys: set[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"the {what} is no JSON object")
    if missing := sorted(keys - value.keys()):
        raise Unreadable(f"the {what} lacks {', '.join(missing)}")
    if extra := value.keys() - keys:
        raise Unreadable(f"the {what} has {len(extra)} unknown field{'s' if len(extra) > 1 else ''}")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise Unreadable(f"{what} is no list")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Unreadable(f"a {what} is missing")
    return mended(value.strip())


def _vote(item: Any, proposals: Collection[int]) -> Vote:
    fields = _fields(item, {"proposal", "agree", "reason"}, "vote")
    if not isinstance(fields["agree"], bool):
        raise Unreadable("a vote says neither true nor false")
    reason = _text(fields["reason"], "reason")[:MAX_REASON_CHARS]
    return Vote(_seat(fields["proposal"], proposals), fields["agree"], reason)


def _seat(label: Any, proposals: Collection[int]) -> int:
    known = {letter(p): p for p in proposals}
    name = label.strip().removeprefix("Proposal ").removeprefix("proposal ") if isinstance(label, str) else ""
    if name not in known:
        raise Unreadable("it names a proposal that was not to be judged")
    return known[name]


def _each_once(seats: Sequence[int], proposals: Collection[int], what: str) -> None:
    if len(set(seats)) != len(seats):
        raise Unreadable(f"{what} names a proposal twice")
    if missing := sorted(set(proposals) - set(seats)):
        raise Unreadable(f"{what} leaves out {', '.join(letter(p) for p in missing)}")


@dataclass(frozen=True, slots=True)
class Standing:
    """`agree` of `of` cast ballots agree with the proposal; `borda` is the mean normalised rank, 0 to 1."""

    member: int
    agree: int
    of: int
    borda: float

    @property
    def order(self) -> tuple[float, float, int]:
        return (-_share(self.agree, self.of), -self.borda, self.member)


def standings(proposals: Sequence[int], ballots: Mapping[int, Ballot]) -> list[Standing]:
    """Every proposal, the leading one first: by share of agreement, then by rank, then by seat.

    Only ballots that were cast count; an abstention is neither for nor against.
    """
    counted = []
    for proposal in proposals:
        votes = [v for b in ballots.values() for v in b.votes if v.proposal == proposal]
        places = [_borda(b, proposal) for b in ballots.values() if proposal in b.ranking]
        borda = sum(places) / len(places) if places else 0.0
        counted.append(Standing(proposal, sum(v.agree for v in votes), len(votes), borda))
    return sorted(counted, key=lambda s: s.order)


def _borda(ballot: Ballot, proposal: int) -> float:
    most = len(ballot.ranking) - 1
    return 1.0 if most < 1 else 1 - ballot.ranking.index(proposal) / most


def decided(proposals: Sequence[int], ballots: Mapping[int, Ballot], out: Collection[int]) -> int | None:
    """The proposal that leads whatever the reviewers in `out` still say, or keep silent; None where it is open.

    The worst case for a leader: every ballot still out is cast, against it and for its rival. (An abstention
    changes a share less.) Equal shares would be settled by rank, so only a greater share counts.
    """
    ranked = standings(proposals, ballots)
    first, others = ranked[0], ranked[1:]
    against = [r for r in out if r != first.member]
    least = _share(first.agree, first.of + len(against))
    for rival in others:
        more = sum(r != rival.member for r in out)
        if least <= _share(rival.agree + more, rival.of + more):
            return None
    return first.member


def _share(agree: int, of: int) -> float:
    return agree / of if of else 0.0


def dissenters(leading: int | None, ballots: Mapping[int, Ballot]) -> list[int]:
    """Reviewers whose ballot disagrees with the leading proposal, in seat order."""
    if leading is None:
        return []
    against = {m for m, b in ballots.items() if any(v.proposal == leading and not v.agree for v in b.votes)}
    return sorted(against)


def mean_agreement(ballots: Mapping[int, Ballot]) -> float | None:
    """Mean over pairs of reviewers of the share of proposals, rated by both, on which they say the same."""
    shares = []
    for one, other in combinations(ballots.values(), 2):
        mine = {v.proposal: v.agree for v in one.votes}
        both = [mine[v.proposal] == v.agree for v in other.votes if v.proposal in mine]
        if both:
            shares.append(sum(both) / len(both))
    return sum(shares) / len(shares) if shares else None


def independent_votes(n: int, agreement: float | None) -> float | None:
    """Effective number of independent votes, n / (1 + (n - 1) r). None where nothing was rated by two."""
    return None if agreement is None or n < 2 else n / (1 + (n - 1) * agreement)
