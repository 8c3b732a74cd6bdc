"""What the usage row of a chair's call says of the deliberation: `metadata.votes` and `metadata.resolution`.

The row is written once, together with the answer, so this must be ready before it. Of a session that is not
shared with the team the ledger keeps who voted how, and none of the words.
"""

from collections.abc import Callable
from typing import Any

from senate.engine.ballots import Unreadable
from senate.engine.case import Spec
from senate.engine.deliberation import Deliberation
from senate.models import SenateSession

MAX_CHARS = 20_000


def votes(spec: Spec, engine: Deliberation, session: SenateSession) -> dict[str, Any]:
    """{votes: [{reviewer, proposal, agree, reason}]} by member's name for a chair's call, else nothing."""
    if spec.phase != "chair":
        return {}
    cast = [
        {
            "reviewer": session.seat_name(reviewer),
            "proposal": session.seat_name(vote.proposal),
            "agree": vote.agree,
            **({"reason": vote.reason} if _shared(session) else {}),
        }
        for reviewer, ballot in engine.ballots.items()
        for vote in ballot.votes
    ]
    return {"votes": cast}


def resolution(spec: Spec, session: SenateSession) -> Callable[[str], dict[str, Any]] | None:
    """Gives {resolution: text} for a chair's reply that can be read; None for any other call."""
    read = spec.read
    if spec.phase != "chair" or read is None:
        return None

    def described(text: str) -> dict[str, Any]:
        try:
            said = str(read(text)["resolution"])
        except Unreadable:
            return {}
        return {"resolution": said[:MAX_CHARS] if _shared(session) else "Not shared with the team."}

    return described


def _shared(session: SenateSession) -> bool:
    return session.visibility == "team"
