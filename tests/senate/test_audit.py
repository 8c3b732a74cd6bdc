"""What the ledger keeps of a chair's words: those that are for the whole team, and no others."""

import pytest

from providers.types import ChatMessage, Prompt
from senate.engine.case import Spec
from senate.models import SenateSession
from senate.work import audit

PROMPT = Prompt("m", (ChatMessage("user", "x"),), 5)


@pytest.mark.parametrize(
    ("visibility", "kept"),
    [("team", "Restart it."), ("owner", "Not shared with the team."), ("private", "Not shared with the team.")],
)
def test_words_that_are_not_for_the_team_do_not_stand_in_the_ledger(visibility, kept) -> None:
    spec = Spec("chair:0", "chair", 0, PROMPT, 5.0, read=lambda text: {"resolution": text})
    described = audit.resolution(spec, SenateSession(visibility=visibility))
    assert described is not None and described("Restart it.") == {"resolution": kept}
