"""What a question costs at most: every planned call at its worst case, with prompts of the largest size.

The output limits are those that the calls then enforce, and what a member reads of another is cut to a bound,
so the bill is never above the quote.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from providers.models import AIServiceConfig
from providers.money import pricing
from providers.money.own_prices import OwnPrices
from providers.money.tokens import is_english
from providers.types import ChatMessage, Prompt
from senate.engine import prompts
from senate.engine.ballots import Ballot, Vote
from senate.engine.case import Case, chair_order
from senate.engine.prompts import Limits
from senate.engine.purse import Amount
from senate.models import SenateSession

THINKS = re.compile(
    r"(?:^|[/:@])(?:o[1-9]|gpt-[5-9]|grok-[3-9]|gemini-(?:2\.5|[3-9])|qwq|magistral)|deepseek-r|think|reason"
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One call of the plan at its worst. `key` is its call key; the chair's is "chair", of who chairs first."""

    key: str
    input_tokens: int
    output_tokens: int
    worst: Amount


@dataclass(frozen=True, slots=True)
class Sitting:
    """What the engine knows of a seat."""

    model: str
    name: str
    thinking: int = 0


def limits(question: str) -> Limits:
    """The site's output limits for who answers in this question's language; see docs/configuration.md."""
    most = Limits(
        settings.SENATE_SOLO_TOKENS,
        settings.SENATE_PROPOSE_TOKENS,
        settings.SENATE_REVIEW_TOKENS,
        settings.SENATE_CROSS_TOKENS,
        settings.SENATE_CHAIR_TOKENS,
    )
    return most.english() if is_english(question) else most


def thinking(model: str) -> int:
    """Tokens on top of an answer for a model that, by its name, thinks unless it is told not to."""
    return settings.SENATE_THINKING_TOKENS if THINKS.search(model.lower()) else 0


def case_of(session: SenateSession) -> Case:
    """The engine's case of a stored session."""
    case = make_case(session.plan, session.seats, session.question, session.messages, session.max_output_tokens)
    return replace(case, seed=session.pk, early_stop=settings.SENATE_EARLY_STOP)


def make_case(
    kind: str,
    seats: Sequence[dict[str, Any]],
    question: str,
    messages: Sequence[dict[str, str]],
    answer_tokens: int | None,
) -> Case:
    """Solo takes the conversation as it is; a committee is shown it as one text that ends with the question."""
    turns = [ChatMessage(m["role"], m["content"]) for m in messages] or [ChatMessage("user", question)]  # type: ignore[arg-type]
    return Case(
        kind,  # type: ignore[arg-type]
        [Sitting(seat["model"], seat["name"], thinking(seat["model"])) for seat in seats],
        question if len(turns) == 1 else told(turns),
        turns,
        timeout_s=settings.SENATE_TIMEOUT_SECONDS,
        answer_tokens=answer_tokens,
        limits=limits(question),
    )


def told(turns: Sequence[ChatMessage]) -> str:
    """A conversation as one text."""
    who = {"user": "The user said:", "assistant": "The answer was:"}
    earlier = "\n\n".join(f"{who[turn.role]}\n{turn.content}" for turn in turns[:-1])
    return f"What was said before:\n\n{earlier}\n\nThe question now:\n{turns[-1].content}"


def own_prices() -> OwnPrices:
    """Prices that an admin set. Sync."""
    return AIServiceConfig.get_instance().own_prices


def price_of_call(provider: str, prompt: Prompt, own: OwnPrices) -> Amount:
    """The worst case of this very prompt. No query. Errors: PriceUnknown."""
    return _planned("answer:0", provider, prompt, own).worst


def planned_call(provider: str, prompt: Prompt) -> Planned:
    """One call by itself. Errors: PriceUnknown."""
    return _planned("answer:0", provider, prompt, own_prices())


def planned_calls(kind: str, seats: Sequence[dict[str, Any]], case: Case) -> list[Planned]:
    """All calls when nothing fails. Errors: PriceUnknown, naming the member."""
    own = own_prices()
    members = range(len(seats))
    providers = [seat["provider"] for seat in seats]
    if kind == "solo":
        prompt = prompts.solo(seats[0]["model"], case.messages, case.tokens("answer", 0))
        return [_planned("answer:0", providers[0], prompt, own)]
    calls = []
    for m in members:
        prompt = prompts.propose(seats[m]["model"], case.question, case.tokens("propose", m))
        calls.append(_planned(f"propose:{m}", providers[m], prompt, own))
    longest = dict.fromkeys(members, "1" * prompts.reading(case.question).proposal)
    for m in members:
        review = _review(kind, seats[m]["model"], case, longest, m)
        calls.append(_planned(f"review:{m}", providers[m], review, own))
    if kind == "senate":
        first = chair_order(members)[0]
        calls.append(_chair(first, seats[first], case, longest, own))
    return calls


def _review(kind: str, model: str, case: Case, longest: dict[int, str], member: int) -> Prompt:
    if kind == "code-review":
        return prompts.cross_review(model, case.question, longest[member], case.tokens("cross", member))
    order = prompts.order_for(member, list(longest), case.seed)
    return prompts.review(model, case.question, longest, order, case.tokens("review", member, len(order)))


def _chair(member: int, seat: dict[str, Any], case: Case, longest: dict[int, str], own: OwnPrices) -> Planned:
    reason, members = "1" * prompts.reading(case.question).reason, list(longest)
    ballots = {}
    for m in members:
        others = tuple(o for o in members if o != m)
        ballots[m] = Ballot(tuple(Vote(o, False, reason) for o in others), others)
    tokens = case.tokens("chair", member)
    prompt = prompts.chair(seat["model"], case.question, longest, ballots, members, tokens)
    return _planned("chair", seat["provider"], prompt, own)


def _planned(key: str, provider: str, prompt: Prompt, own: OwnPrices) -> Planned:
    bound = pricing.bound_of(prompt)
    usd = pricing.worst_case(
        provider, prompt.model, input_tokens=bound, max_output_tokens=prompt.max_output_tokens, own=own
    )
    return Planned(key, bound, prompt.max_output_tokens, Amount(bound + prompt.max_output_tokens, usd))
