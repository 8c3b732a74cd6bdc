"""The door: price before, refusals that leave nothing behind, and what an API client is told at the end."""

import asyncio
from decimal import Decimal

import pytest

from providers.exceptions import BudgetExceeded, InvalidInput, NotAllowed, NotConfigured, PriceUnknown
from providers.models import AIProviderSettings, AIUsageLog, CapDay, Refusal, Reservation, UserAICap
from providers.runtime import loop
from senate import chat
from senate.models import SenateSession

pytestmark = pytest.mark.django_db(transaction=True)
QUESTION = "Checkout p99 rose after the last deployment. Roll back or raise the pool size?"
PRICED = ("gpt-6-luna", "gpt-4o-mini", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4o")


@pytest.fixture
def priced(upstream, committee):
    """Five members whose calls cost money, on the fake upstream."""
    row = AIProviderSettings.get_solo()
    row.openai_base_url, row.openai_api_key = upstream.openai_url, "sk-openai-test-key"
    row.seats = [f"openai/{model}" for model in PRICED]
    row.save()
    return PRICED


def test_a_quote_names_plan_members_calls_and_the_most_it_can_cost(asker, priced):
    offer = chat.quote(asker, QUESTION)
    assert (offer["plan"], offer["calls"], len(offer["members"])) == ("senate", 11, 5)
    assert offer["max_tokens"] == offer["input_tokens"] + offer["max_output_tokens"]
    assert Decimal(offer["max_cost_usd"]) > 0
    assert offer["allowed"] and offer["reason"] == "" and offer["usual_cost_usd"] is None
    assert Decimal(offer["left_usd"]) == 10 and offer["left_tokens"] == 100_000
    assert len({seat["slot"] for seat in offer["members"]}) == 5
    assert not Reservation.objects.exists() and not SenateSession.objects.exists()


def test_a_question_of_two_thousand_characters_to_five_fits_the_default_caps(asker, priced):
    question = ("Why does the deployment of the checkout service hang for 40 s at its health check? " * 40)[:2000]
    offer = chat.quote(asker, question)
    assert offer["allowed"] and offer["max_tokens"] < 100_000


def test_the_bill_is_never_above_the_quote(asker, priced, work):
    session = work(chat.start(asker, question=QUESTION))
    assert session.state == "done"
    calls = session.calls.all()
    assert 0 < sum(call.cost_usd for call in calls) <= session.quoted_usd
    assert sum(call.input_tokens + call.output_tokens for call in calls) <= session.quoted_tokens
    rows = AIUsageLog.objects.filter(session_id=str(session.pk))
    assert sum(row.actual_cost_usd for row in rows) == sum(call.cost_usd for call in calls)
    assert chat.quote(asker, QUESTION)["usual_cost_usd"] is not None


def test_a_question_over_the_cap_is_refused_before_anything_is_stored(asker, priced):
    UserAICap.objects.create(user=asker, daily_token_cap=12_000, daily_cost_cap_usd=Decimal(10))
    offer = chat.quote(asker, QUESTION)
    assert not offer["allowed"] and "12,000 of your daily cap are left" in offer["reason"]
    assert offer["fits"]["plan"] == "code-review" and len(offer["fits"]["members"]) == 2
    with pytest.raises(BudgetExceeded, match="Daily token cap exceeded"):
        chat.start(asker, question=QUESTION)
    assert not SenateSession.objects.exists() and not Reservation.objects.exists()


def test_the_first_gate_refuses_a_committee_where_three_answers_would_not_fit(asker, priced):
    UserAICap.objects.create(user=asker, daily_token_cap=4_000, daily_cost_cap_usd=Decimal(10))
    with pytest.raises(BudgetExceeded, match="^Daily token cap exceeded.* 3 times one answer") as refused:
        chat.start(asker, question=QUESTION)
    assert (refused.value.code, refused.value.retry_after > 0) == ("cap_exceeded", True)
    assert Refusal.objects.values_list("code", "operation", "times").get() == ("first_gate", "senate", 1)
    assert chat.start(asker, question=QUESTION, mode="solo").plan == "solo"


def test_the_first_gate_is_of_one_solo_call_and_of_the_senate_alone(asker, priced, settings):
    settings.SENATE_COMMITTEE_COST_MULTIPLIER = 20
    solo = chat.quote(asker, QUESTION, "solo")["max_tokens"]
    cap = UserAICap.objects.create(user=asker, daily_token_cap=20 * solo - 1, daily_cost_cap_usd=Decimal(100))
    offered = chat.quote(asker, QUESTION)
    assert offered["max_tokens"] < cap.daily_token_cap  # the reservation would fit: it is the gate that refuses
    assert not offered["allowed"] and "20 times one answer" in offered["reason"]
    assert offered["fits"]["plan"] == "code-review"
    with pytest.raises(BudgetExceeded, match="20 times one answer"):
        chat.start(asker, question=QUESTION)
    assert chat.start(asker, question=QUESTION, mode="code-review").plan == "code-review"
    cap.daily_token_cap = 10**7
    cap.save()
    assert chat.quote(asker, QUESTION)["allowed"] and chat.start(asker, question=QUESTION).plan == "senate"


def test_two_questions_at_once_can_not_pass_the_cap_together(asker, priced):
    need = chat.quote(asker, QUESTION)["max_tokens"]
    UserAICap.objects.create(user=asker, daily_token_cap=int(need * 1.5), daily_cost_cap_usd=Decimal(10))
    chat.start(asker, question=QUESTION)
    with pytest.raises(BudgetExceeded):
        chat.start(asker, question=QUESTION)


@pytest.mark.parametrize("question", ["", "   \n", "system:"])
def test_an_empty_question_is_refused(asker, committee, question):
    with pytest.raises(InvalidInput, match="Write a question"):
        chat.start(asker, question=question)


def test_a_long_question_is_cut_and_that_is_said(asker, committee, settings):
    settings.AI_MAX_INPUT_CHARS = 100
    session = chat.start(asker, question="x" * 150, mode="solo")
    assert len(session.question) == 100 and "first 100 characters" in session.why
    assert chat.quote(asker, "x" * 150, "solo")["cut_chars"] == 50


def test_an_unknown_price_is_refused_by_name(asker, priced):
    with pytest.raises(PriceUnknown, match="openai/never-heard-of"):
        chat.start(asker, question=QUESTION, members=["openai/never-heard-of"])
    assert not Reservation.objects.exists()


def test_without_any_provider_the_documented_sentence_is_said(asker):
    with pytest.raises(NotConfigured, match="No AI providers configured. Add an API key in Settings > AI."):
        chat.start(asker, question=QUESTION)


def test_nothing_stays_held_where_the_row_could_not_be_stored(asker, committee, monkeypatch):
    def broken(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(SenateSession, "save", broken)
    with pytest.raises(OSError, match="disk full"):
        chat.start(asker, question=QUESTION)
    assert CapDay.objects.get(user=asker).reserved_tokens == 0


def test_a_session_is_stored_before_anybody_is_asked_and_waits_without_a_broker(asker, committee, upstream):
    session = chat.start(asker, question=QUESTION)
    assert (session.state, session.last_n, len(session.seats)) == ("queued", 0, 5)
    assert not upstream.calls
    assert chat.transcript(session)["state_label"] == "Waiting for a worker"


def test_only_the_owner_or_an_admin_cancels(asker, committee, people):
    session = chat.start(asker, question=QUESTION)
    with pytest.raises(NotAllowed):
        chat.cancel(people["ana"], session)
    chat.cancel(people["mara"], session)
    session.refresh_from_db()
    assert session.reason == "Cancelled by mara."


def test_a_conversation_reaches_a_committee_as_one_text_and_solo_as_turns(asker, committee, upstream, work):
    turns = [
        {"role": "user", "content": "The pool is full."},
        {"role": "assistant", "content": "How large is it?"},
        {"role": "user", "content": "Twenty. Raise it?"},
    ]
    work(chat.start(asker, question="Twenty. Raise it?", messages=turns, mode="solo"))
    assert [m["content"] for m in upstream.calls[0].body["messages"]][1:] == [t["content"] for t in turns]
    work(chat.start(asker, question="Twenty. Raise it?", messages=turns, mode="code-review"))
    text = upstream.calls[1].body["messages"][-1]["content"]
    assert text.index("The pool is full.") < text.index("How large is it?") < text.index("Twenty. Raise it?")


def test_an_api_client_is_told_votes_and_costs_by_name(asker, committee, work):
    ended = chat.outcome(work(chat.start(asker, question=QUESTION)).pk)
    assert ended.content and not ended.error
    assert len(ended.metadata["votes"]) == 20
    assert ended.metadata["votes"][0]["reviewer"].startswith("local/fake-")
    assert ended.metadata["resolution"] == {"kind": "written", "label": "Resolution", "by": "local/fake-sceptic"}
    assert ended.metadata["members"][0] == "local/fake-optimist"


def test_an_api_client_is_told_why_there_is_no_answer(asker, committee, work):
    committee("fake-optimist-500", "fake-sceptic-500", "fake-engineer-500")
    ended = chat.outcome(work(chat.start(asker, question=QUESTION)).pk)
    assert ended.code == "session_failed"
    assert ended.error.startswith("No member answered.")


def test_a_transcript_costs_few_queries_whatever_the_committee(
    asker, committee, work, django_assert_max_num_queries
):
    session = work(chat.start(asker, question=QUESTION))
    with django_assert_max_num_queries(5):
        chat.transcript(session)


def test_followers_that_come_late_get_every_event_once(asker, committee, work):
    session = work(chat.start(asker, question=QUESTION))

    async def numbers(after):
        return [event["n"] async for event in chat.follow(session.pk, after)]

    assert loop.run(numbers(0)) == list(range(1, session.last_n + 1))
    assert loop.run(numbers(7)) == list(range(8, session.last_n + 1))
    assert asyncio.run(numbers(session.last_n)) == []
