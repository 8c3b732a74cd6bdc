"""How an ended session came out, as an API client reads it: the text, the figures, and the votes with names."""

from dataclasses import dataclass, field
from typing import Any

from senate.reading.transcript import Member, Transcript


@dataclass(slots=True)
class Ended:
    """`error` is empty where there is an answer; `code` then says why there is none."""

    content: str
    error: str
    code: str
    input_tokens: int
    output_tokens: int
    metadata: dict[str, Any] = field(default_factory=dict)


def ended(said: Transcript) -> Ended:
    """Real names, not letters: anonymity holds between members."""
    resolution, totals = said["resolution"], said["totals"]
    missing = said["state"] in {"failed", "cancelled"}
    calls = [call for member in said["members"] for call in (member["call"], member["review"]) if call]
    calls += [resolution["call"]] if resolution["call"] and resolution["call"] not in calls else []
    tokens_in = sum(call["input_tokens"] for call in calls)
    return Ended(
        content=resolution["text"],
        error=said["reason"] or "The session ended without an answer." if missing else "",
        code=f"session_{said['state']}" if missing else "",
        input_tokens=tokens_in,
        output_tokens=max(0, totals["tokens"] - tokens_in),
        metadata={
            "mode": said["plan"],
            "why": said["why"],
            "session_id": said["id"],
            "url": f"/senate/{said['id']}/",
            "state": said["state"],
            "partial": said["partial"],
            "members": [name_of(member) for member in said["members"]],
            "cost_usd": totals["spent_usd"],
            "estimated": totals["estimated"],
            "quoted_usd": totals["quoted_usd"],
            "test_answers": any(member["mock"] for member in said["members"]),
            "votes": votes_of(said),
            "dissents": dissents_of(said),
            "dissent_unanswered": bool(resolution["unanswered"]),
            "early_stop": said["votes"]["early_stop"] if said["votes"] else None,
            "resolution": {"kind": resolution["state"], "label": resolution["label"], "by": by(said)},
        },
    )


def name_of(member: Member) -> str:
    return f"{member['provider']}/{member['model']}"


def by(said: Transcript) -> str:
    member = said["resolution"]["member"]
    return "" if member is None else name_of(said["members"][member])


def votes_of(said: Transcript) -> list[dict[str, Any]]:
    """[{reviewer, proposal, agree, reason}] by name."""
    members = said["members"]
    return [
        {
            "reviewer": name_of(members[cell["reviewer"]]),
            "proposal": name_of(members[cell["proposal"]]),
            "agree": cell["state"] == "agree",
            "reason": cell["reason"],
        }
        for row in (said["votes"]["rows"] if said["votes"] else [])
        for cell in row["cells"]
        if cell["state"] in {"agree", "disagree"}
    ]


def dissents_of(said: Transcript) -> list[dict[str, str]]:
    members = said["members"]
    return [
        {
            "member": name_of(members[d["member"]]),
            "reason": d["reason"],
            "state": d["state"],
            "answer": d["answer"],
        }
        for d in said["dissents"]
    ]
