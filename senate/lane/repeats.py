"""A chat request with an Idempotency-Key: asked once, answered as often as it is sent.

A committee's session is noted with the key in the transaction that stores it, so a client that lost its
connection and asks again with the same key follows that very session. A plain call that its client left is
cancelled and booked, and its key is free again.
"""

from dataclasses import asdict
from typing import Any

from providers.access import idempotency
from providers.access.idempotency import Claim, StillUnderWay
from providers.conversation.calls import ToolDelta
from providers.exceptions import AIServiceError, UpstreamError
from providers.runtime.hop import hop
from providers.runtime.uncut import in_hand, uncut
from senate.lane import answers
from senate.lane.admission import Admitted
from senate.lane.answers import Answered, SessionEnded
from senate.lane.chat_request import ChatRequest
from senate.models import SenateSession

ENDPOINT = "chat"
HOLD_S = 600.0


class Replayed(AIServiceError):
    """The error that was answered the first time."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(error["message"], code=error["code"], param=error["param"])
        self.http_status, self.type = status, error["type"]


class Once:
    """One request under its key; `key` "" does nothing but ask. `replayed`: nothing was asked this time."""

    def __init__(self, key: str, body: bytes) -> None:
        self._key, self._body = key, body
        self.replayed = False

    async def answer(self, request: ChatRequest, admitted: Admitted, **hooks: Any) -> Answered:
        """As `answers.answer`. Errors: those, StillUnderWay (409), KeyReused (400)."""
        if not self._key:
            return await answers.answer(request, admitted, **hooks)
        try:
            body = idempotency.fingerprint(self._body)
            begun = hop(idempotency.begin, admitted.user_id, ENDPOINT, self._key, body, hold_s=HOLD_S)
            claim = await in_hand(begun)  # a key that is held for nobody would refuse repeats until it runs out
        except StillUnderWay as error:
            if not error.resource:
                raise
            self.replayed = True
            return await answers.followed(int(error.resource), **of_committees(hooks))
        if claim.answered:
            self.replayed = True
            return again(claim, **hooks)
        return await self._first(claim, request, admitted, hooks)

    async def _first(
        self, claim: Claim, request: ChatRequest, admitted: Admitted, hooks: dict[str, Any]
    ) -> Answered:
        made: list[int] = [int(claim.resource)] if claim.resource else []

        def stored(session: SenateSession) -> None:
            idempotency.made(claim, str(session.pk))
            made.append(session.pk)

        try:
            if made:
                found = await answers.followed(made[0], **of_committees(hooks))
            else:
                found = await answers.answer(request, admitted, on_stored=stored, **hooks)
        except (SessionEnded, UpstreamError) as error:
            await uncut(hop(idempotency.finish, claim, error.http_status, {"error": error.as_dict()}))
            raise
        except BaseException:
            if not made:
                await uncut(hop(idempotency.forget, claim))
            raise
        await uncut(hop(idempotency.finish, claim, 200, asdict(found)))
        return found


def of_committees(hooks: dict[str, Any]) -> dict[str, Any]:
    return {name: hook for name, hook in hooks.items() if name != "on_call"}


def again(claim: Claim, on_text: Any = None, on_call: Any = None, on_ready: Any = None, **_: Any) -> Answered:
    """The kept answer, told as a fresh one is. Errors: the one that was answered."""
    body = dict(claim.body or {})
    if claim.status != 200:
        raise Replayed(claim.status, body["error"])
    found = Answered(**body)
    if on_ready is not None:
        on_ready()
    if on_text is not None:
        on_text(found.content)
    for at, call in enumerate(found.tool_calls or ()):
        if on_call is not None:
            on_call(ToolDelta(at, call["id"], call["function"]["name"], call["function"]["arguments"]))
    return found
