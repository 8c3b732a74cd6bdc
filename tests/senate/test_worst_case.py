"""The whole Senate at its worst: every answer uses up its limit, every first try fails, nothing said can be read.

One reservation must hold it all: N proposals, N reviews that each read the N - 1 others, a chair, and what repairs
and retries may take. A cap of exactly that is enough, and one token less is refused before anybody is asked.
"""

from decimal import Decimal

import pytest

from providers.models import AIServiceConfig, AIUsageLog, CapDay, Refusal, Reservation, UserAICap
from providers.money.tokens import bound_tokens
from senate import chat, offer
from senate.engine import prompts
from tests.fakes import modes
from tests.fakes.dialect import Answer
from tests.senate.test_chat import PRICED, QUESTION, priced  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


def glutton(dialect, body, model: str, mode: str, number: int) -> Answer:
    """As many tokens as are allowed, read to the last one that was sent, and never a ballot."""
    limit = dialect.limit(body)
    pieces = ["unfathomable"] + [" unfathomable"] * (limit - 1)
    sent = bound_tokens(dialect.prompt_text(body))
    return Answer(f"glutton-{number}", model, "".join(pieces), sent, limit, "length", pieces=pieces)


@pytest.mark.parametrize("members", [3, 5])
def test_a_cap_of_exactly_the_worst_case_holds_the_worst_that_can_happen(
    asker,
    priced,  # noqa: F811
    upstream,
    work,
    monkeypatch,
    settings,
    members,
):
    settings.SENATE_COMMITTEE_COST_MULTIPLIER = 1  # here it is the reservation that must hold
    monkeypatch.setattr(modes, "compose", glutton)
    AIServiceConfig.objects.update_or_create(pk=1, defaults={"retry_base_delay_seconds": 0.01, "max_retries": 1})
    failed: set[tuple[str, str]] = set()

    def first_try_fails(body, model):
        key = (model, str(body["messages"])[:400])
        failed.add(key) if (new := key not in failed) else None
        return "500" if new else None

    upstream.choose(first_try_fails)
    who = [f"openai/{model}" for model in PRICED[:members]]
    made = offer.seated("senate", who)
    whole = offer.estimate(made, QUESTION)
    assert_planned(whole, members)
    cap = UserAICap.objects.create(
        user=asker, daily_token_cap=whole.worst.tokens - 1, daily_cost_cap_usd=whole.worst.usd
    )
    with pytest.raises(offer.BudgetExceeded, match="Daily token cap exceeded"):
        chat.start(asker, question=QUESTION, mode="senate", members=who)
    assert not upstream.calls and Refusal.objects.get().code == "daily_token_cap"
    cap.daily_token_cap += 1
    cap.save()

    session = chat.start(asker, question=QUESTION, mode="senate", members=who)
    held = Reservation.objects.get(closed_at=None)
    assert (held.tokens_left, held.usd_left) == (whole.worst.tokens, whole.worst.usd)
    session = work(session, 60)

    rows = list(AIUsageLog.objects.filter(session_id=str(session.pk)))
    assert len(rows) == len(upstream.calls) <= 2 * (2 * members + 1 + members + members)
    spent, tokens = sum(row.actual_cost_usd for row in rows), sum(row.total_tokens for row in rows)
    assert tokens <= whole.worst.tokens and spent <= whole.worst.usd
    assert tokens >= whole.worst.tokens * 0.6  # it was nearly the worst: the bound is no accident
    day = CapDay.objects.get(user=asker)
    assert (day.used_tokens, day.used_usd, day.reserved_tokens, day.reserved_usd) == (tokens, spent, 0, Decimal(0))
    assert session.state in ("partial", "failed") and session.reason
    phases = {row.operation.partition(".")[2] for row in rows if row.success}
    assert phases >= {"propose", "review", "chair"}


def assert_planned(whole, members: int) -> None:
    """Each call of the plan is there once, and holds what it reads of the others at the most."""
    keys = [call.key for call in whole.calls]
    assert keys == [f"{phase}:{n}" for phase in ("propose", "review") for n in range(members)] + ["chair"]
    read = prompts.reading(QUESTION)
    reads = {"propose": 0, "review": (members - 1) * read.proposal}
    reads["chair"] = members * read.proposal + members * (members - 1) * read.reason
    for call in whole.calls:
        # Digits weigh a token a byte, words half of it: what is read is reserved at its heaviest.
        assert call.input_tokens >= reads[call.key.partition(":")[0]]
    assert whole.worst.tokens == sum(call.input_tokens + call.output_tokens for call in whole.calls)
