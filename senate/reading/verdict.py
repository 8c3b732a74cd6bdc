"""The votes, the dissent and the resolution of a session, as its rows have them. Part of `reading`."""

from decimal import Decimal

from providers.format import usd
from senate.engine import ballots as paper
from senate.engine.ballots import Ballot, Vote
from senate.engine.case import chair_order
from senate.models import SenateCall
from senate.reading.sheet import Rows, call_of
from senate.reading.transcript import BallotRow, Cell, Dissent, EarlyStop, Resolution, Rotation, Support, Votes

LEADING = "Leading proposal, not a resolution"
NO_VOTE = "The session ended before it voted."


class Verdict:
    """`seats`: members that have a proposal, or may still bring one. `chair`: who chairs, or will first."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.senate = rows.session.plan == "senate"
        members = range(len(rows.session.seats))
        self.seats = [m for m in members if self._in_the_running(m)]
        self.ballots = self._ballots() if self.senate else {}
        self.chairs = chair_order(self.seats) if self.senate else []
        self.turned = [event for event in rows.events if event.type == "chair.rotated"]
        self.attempt = min(len(self.turned) + 1, len(self.chairs) or 1)
        self.chair = self.chairs[self.attempt - 1] if self.chairs else None

    def _in_the_running(self, member: int) -> bool:
        call = self.rows.first(member)
        if call is None or call.state in ("waiting", "writing"):
            return self.rows.open
        return call.state == "done"

    def _ballots(self) -> dict[int, Ballot]:
        """Cast ballots by reviewer; a repaired one counts, an unreadable one does not."""
        cast = {}
        for call in self.rows.calls:
            if call.phase == "review" and call.state == "done" and "votes" in call.data:
                votes = tuple(Vote(v["proposal"], v["agree"], v["reason"]) for v in call.data["votes"])
                cast[call.member] = Ballot(votes, tuple(call.data["ranking"]))
        return dict(sorted(cast.items()))

    @property
    def ballots_in(self) -> int:
        return len(self.ballots)

    @property
    def leading(self) -> int | None:
        return self.support()[0]["member"] if self.ballots else None

    def support(self) -> list[Support]:
        """Best first; empty before anybody has voted."""
        if not self.ballots:
            return []
        ranked = paper.standings(self.seats, self.ballots)
        return [
            {"member": s.member, "agree": s.agree, "of": s.of, "place": place} for place, s in enumerate(ranked, 1)
        ]

    def votes(self) -> Votes | None:
        if not self.senate:
            return None
        rows = [self._row(reviewer) for reviewer in self.seats]
        agreement = paper.mean_agreement(self.ballots)
        independent = paper.independent_votes(len(self.ballots), agreement)
        members = range(len(self.rows.session.seats))
        return {
            "members": self.seats,
            "absent": [m for m in members if m not in self.seats],
            "rows": rows,
            "support": self.support(),
            "leading": self.leading,
            "votes_in": sum(len(ballot.votes) for ballot in self.ballots.values()),
            "votes_total": len(self.seats) * (len(self.seats) - 1),
            "ballots": len(self.ballots),
            "independent": "" if independent is None else f"{independent:.2g}",
            "agreement": "" if agreement is None else f"{agreement:.2f}",
            "early_stop": self._early_stop(),
        }

    def _early_stop(self) -> EarlyStop | None:
        """What calling off the ballots that could change nothing has saved, by what a ballot cost here."""
        off = [c for c in self.rows.calls if c.error_code == "not_needed"]
        cast = [c.cost_usd for c in self.rows.calls if c.phase == "review" and c.state == "done"]
        if not off or not cast:
            return None
        usual = sum(cast, start=Decimal(0)) / len(cast)
        saved = sum((max(Decimal(0), usual - c.cost_usd) for c in off), start=Decimal(0))
        return {"reviewers": sorted({c.member for c in off}), "saved_usd": usd(saved)}

    def _row(self, reviewer: int) -> BallotRow:
        ballot, why = self.ballots.get(reviewer), self._abstained(reviewer)
        state = "cast" if ballot else "abstained" if why else "pending"
        return {
            "reviewer": reviewer,
            "state": state,  # type: ignore[typeddict-item]
            "why": why,
            "ranking": list(ballot.ranking) if ballot else [],
            "cells": [self._cell(reviewer, proposal, ballot, state) for proposal in self.seats],
        }

    def _cell(self, reviewer: int, proposal: int, ballot: Ballot | None, state: str) -> Cell:
        said, reason = state, ""
        if reviewer == proposal:
            said = "own"
        elif ballot is not None:
            vote = next((v for v in ballot.votes if v.proposal == proposal), None)
            said = "pending" if vote is None else "agree" if vote.agree else "disagree"
            reason = vote.reason if vote else ""
        return {"reviewer": reviewer, "proposal": proposal, "state": said, "reason": reason}  # type: ignore[typeddict-item]

    def _abstained(self, reviewer: int) -> str:
        if reviewer in self.ballots:
            return ""
        for event in self.rows.events:
            if event.type == "abstention" and event.member == reviewer:
                return event.data["why"]
        return "" if self.rows.open else NO_VOTE

    def dissents(self) -> list[Dissent]:
        """Known once the votes are in: before that, who leads may still change."""
        if not self.senate or (self.rows.event("phase.done", "review") is None and self.rows.open):
            return []
        leading = self.leading
        return [self._dissent(m, leading) for m in paper.dissenters(leading, self.ballots)]

    def _dissent(self, member: int, leading: int | None) -> Dissent:
        votes = self.ballots[member].votes
        against, answer = sum(not v.agree for v in votes), self._answers().get(member, "")
        written = self._written()
        if written or not self.rows.open:
            state = "answered" if answer else "unanswered"
        else:
            state = "being_answered" if self.rows.event("phase.started", "chair") else "waiting"
        return {
            "member": member,
            "against": against,
            "of": len(votes),
            "summary": f"against {against} of {len(votes)} other proposals",
            "reason": next(v.reason for v in votes if v.proposal == leading),
            "state": state,  # type: ignore[typeddict-item]
            "answer": answer,
        }

    def _written(self) -> SenateCall | None:
        """The chair's call that became the resolution."""
        done = [c for c in self.rows.calls if c.phase == "chair" and c.state == "done" and "answers" in c.data]
        return done[-1] if done else None

    def _answers(self) -> dict[int, str]:
        call = self._written()
        return {int(seat): answer for seat, answer in call.data["answers"].items()} if call else {}

    def resolution(self) -> Resolution:
        told = next((event for event in self.rows.events if event.type == "resolution"), None)
        call = self._current()
        if told is not None:
            state, text = told.data["state"], self.rows.session.resolution or told.data["text"]
            member = told.data["member"]
        elif not self.rows.open:
            state, text, member = "none", "", None
        else:
            text = call.text if call else ""
            state, member = ("writing" if text else "waiting"), self._who()
        turn = self.attempt - 1
        return {
            "state": state,
            "label": self._label(state),
            "text": text,
            "member": member,
            "next": self.chairs[turn + 1 :] if self.rows.open else [],
            "attempt": self.attempt,
            "attempts": len(self.chairs) or 1,
            "rotations": self._rotations(),
            "unanswered": [d["member"] for d in self.dissents() if d["state"] == "unanswered"],
            "call": call_of(self.rows, call),
        }

    def _who(self) -> int | None:
        return self.chair if self.senate else 0 if self.rows.session.plan == "solo" else None

    def _current(self) -> SenateCall | None:
        """The call whose text is, or becomes, the resolution."""
        if self.rows.session.plan == "solo":
            return self.rows.first(0)
        return self._written() or (self.rows.latest("chair", self.chair) if self.chair is not None else None)

    def _label(self, state: str) -> str:
        if state == "leading":
            return LEADING
        return {"solo": "Answer", "code-review": "Both answers, each reviewed by the other"}.get(
            self.rows.session.plan, "Resolution"
        )

    def _rotations(self) -> list[Rotation]:
        made: list[Rotation] = []
        for event in self.turned:
            stopped = self.rows.latest("chair", event.data["from"])
            made.append(
                {
                    "chair": event.data["from"],
                    "to": event.data["to"],
                    "why": event.data["why"],
                    "after_s": event.data["after_s"],
                    "at": event.at.isoformat(),
                    "draft": stopped.text if stopped else "",
                }
            )
        return made
