"""One answer for the chat lane: solo asks the gateway, a committee becomes a session that is followed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from providers import gateway
from providers.configuration.directory import Directory, Seat
from providers.conversation.conversation import Conversation
from providers.exceptions import AIServiceError
from providers.format import usd
from providers.runtime.hop import hop
from providers.runtime.uncut import in_hand
from providers.types import AIResponse, Purpose, ToolDelta
from senate import chat
from senate.engine import prompts
from senate.engine.plan import MODES, plan
from senate.lane.admission import Admitted
from senate.lane.chat_request import ChatRequest, conversation, equipped, model_for
from senate.models import SenateSession


class SessionEnded(AIServiceError):
    """The committee gave no answer: its members failed, or somebody cancelled it."""

    http_status = 502
    type = "upstream_error"


Say = Callable[[str], None]


@dataclass(slots=True)
class Answered:
    """`metadata` is what the answer says beside OpenAI's fields: mode, provider, cost, session, votes."""

    content: str
    model: str
    input_tokens: int
    output_tokens: int
    metadata: dict[str, Any] = field(default_factory=dict)
    tool_calls: list[dict[str, Any]] | None = None


async def answer(
    request: ChatRequest,
    admitted: Admitted,
    *,
    on_text: Say | None = None,
    on_call: Callable[[ToolDelta], None] | None = None,
    on_news: Say | None = None,
    on_ready: Callable[[], None] | None = None,
    on_stored: Callable[[SenateSession], None] | None = None,
) -> Answered:
    """`on_stored` runs in the transaction that stores a committee's session.

    Errors: InvalidInput, NotConfigured, BudgetExceeded before anything is spent; UpstreamError after.
    """
    said = conversation(request, settings.AI_MAX_INPUT_CHARS)
    mode, seat = choose(model_for(request), admitted.current.directory)
    if seat is not None:
        prompt = prompts.solo(seat.model, said.messages, request.output_tokens())
        if request.temperature is not None:
            prompt = replace(prompt, temperature=request.temperature)
        prompt = equipped(prompt, request)
        purpose = Purpose(user_id=admitted.user_id, operation="chat")
        shown = {"on_text": on_text, "on_call": on_call, "on_ready": on_ready}
        response = await gateway.ask(prompt, seat.provider, purpose, current=admitted.current, **shown)
        return _answered(response, said, mode)
    return await _committee(
        said, mode, admitted.user_id, on_stored, on_text=on_text, on_news=on_news, on_ready=on_ready
    )


def choose(model: str, directory: Directory) -> tuple[str, Seat | None]:
    """What `model` means: (mode, the one seat that answers, or None for a committee)."""
    if model not in MODES:
        return "solo", directory.resolve(model)
    made = plan(
        model, directory.members(), senate_enabled=directory.saved.senate_enabled, site_mode=directory.saved.mode
    )
    return made.kind, made.seats[0] if made.kind == "solo" else None


def _answered(response: AIResponse, said: Conversation, mode: str) -> Answered:
    metadata = {
        "mode": mode,
        "provider": response.provider,
        "cost_usd": usd(response.cost_usd),
        "estimated": response.estimated,
        "log_id": response.log_id,
        "finish_reason": response.finish_reason,
        "test_answers": response.provider == "mock",
        **response.metadata,
    }
    if said.cut:
        metadata["input_cut_chars"] = said.cut
    calls = [{name: part for name, part in call.items() if name != "error"} for call in response.tool_calls or ()]
    used = response.input_tokens, response.output_tokens
    return Answered(response.content, response.model, *used, metadata, calls or None)


def _start(user_id: int, **asked: Any) -> SenateSession:
    return chat.start(get_user_model().objects.get(pk=user_id), **asked)


async def _committee(
    said: Conversation,
    mode: str,
    user_id: int,
    on_stored: Callable[[SenateSession], None] | None,
    **hooks: Any,
) -> Answered:
    asked = {"question": said.question, "mode": mode, "messages": said.as_dicts(), "on_stored": on_stored}
    # Stored, and noted with its key, before a client that leaves is gone.
    session = await in_hand(hop(_start, user_id, **asked))
    answered = await followed(session.pk, **hooks)
    if said.cut:
        answered.metadata["input_cut_chars"] = said.cut
    return answered


async def followed(
    session_id: int,
    *,
    on_text: Say | None = None,
    on_news: Say | None = None,
    on_ready: Callable[[], None] | None = None,
) -> Answered:
    """Follows a session, which lives on if the client leaves, to its end. Errors: SessionEnded."""
    if on_ready is not None:
        on_ready()
    async for event in chat.follow(session_id):
        if on_news is not None and event["type"] != "call.text":
            on_news(f"{event['type']} {event['phase']}")
    ended = await hop(chat.outcome, session_id)
    if ended.error:
        raise SessionEnded(ended.error, code=ended.code)
    if on_text is not None:
        on_text(ended.content)
    return Answered(ended.content, ended.metadata["mode"], ended.input_tokens, ended.output_tokens, ended.metadata)
