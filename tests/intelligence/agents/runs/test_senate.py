"""A run that asks the Senate: what that may cost at most counts against the run's own budget before it begins."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connections

from intelligence.agents import gate, troubleshooter
from intelligence.agents.gate import Caller, Refused
from intelligence.models import AgentRun
from providers.models import AIProviderSettings, AIServiceConfig
from providers.money import caps
from senate import chat
from senate.models import SenateSession
from senate.work import nudges
from tests.fakes.scripted import calls, concludes

QUESTION = "Which of the two deployments should be rolled back?"
MUCH = Decimal("0.1")
ASKS = calls(("ask_senate", {"question": QUESTION}))


@pytest.fixture
def quoted(everyone, model, settings, monkeypatch) -> Decimal:
    """What the question may cost with three members, in dollars; the runs' own thoughts cost far less."""
    monkeypatch.setattr(nudges, "workers", lambda *given: None)
    settings.AGENT_RUN_USD = 5
    row, names = AIProviderSettings.get_solo(), [f"member-{n}" for n in range(3)]
    row.seats = [f"local/{name}" for name in names]
    row.save()
    config = AIServiceConfig.get_instance()
    dear, cheap = {"input": "10", "output": "10"}, {"input": "0.01", "output": "0.01"}
    config.model_pricing = {"scripted": cheap, **dict.fromkeys(names, dear)}
    config.save()
    found = chat.quote(everyone["ivo"], QUESTION)
    assert found["allowed"] and Decimal(found["max_cost_usd"]) > MUCH, found
    return Decimal(found["max_cost_usd"])


@pytest.fixture
def running(everyone, quoted):
    """A run at work with so many dollars, and who calls for it."""

    def made(usd: Decimal) -> tuple[AgentRun, Caller]:
        run = troubleshooter.start(everyone["ivo"], "Why?", budget={"usd": usd})
        AgentRun.objects.filter(pk=run.pk).update(state="running", claimed_by="us")
        return run, Caller(None, run.owner_id, frozenset(run.scopes), run.pk)

    return made


def test_the_senate_is_asked_with_what_is_left_and_counts_at_its_worst(everyone, quoted, model, worked):
    model.says(ASKS, ASKS, concludes("The second."))
    run = worked(troubleshooter.start(everyone["ivo"], "Which?", budget={"usd": quoted + MUCH / 2}))
    first, second = run.steps.filter(tool="ask_senate")
    assert (run.state, first.state, second.state) == ("done", "done", "refused"), (first.error, run.reason)
    session = SenateSession.objects.get()
    assert session.quoted_usd == quoted == Decimal(first.result["most_usd"])
    assert second.error.startswith(f"This could cost ${quoted:.4f}, and $0.0") and "budget" in second.error
    thoughts = sum(step.cost_usd for step in run.steps.filter(kind="think"))
    assert 0 < thoughts < MUCH / 2 and run.cost_usd == quoted + thoughts <= run.most_usd


def test_the_next_thought_is_held_by_what_the_senate_left(everyone, quoted, model, worked):
    model.says(ASKS, concludes("The second."))
    run = worked(troubleshooter.start(everyone["ivo"], "Which?", budget={"usd": quoted + Decimal("0.000002")}))
    assert (run.state, len(model.asked)) == ("partial", 1) and "could cost $" in run.reason
    assert run.cost_usd <= run.most_usd and SenateSession.objects.count() == 1


def test_code_and_threads_of_a_run_that_ask_at_once_start_no_more_than_is_left(running, quoted, everyone):
    """Code in the sandbox calls the gate with the run's own caller, so this is what it meets."""
    run, caller = running(quoted * 2 + quoted / 2)
    ready = Barrier(4)

    def ask(n: int) -> str:
        ready.wait(30)
        try:
            return gate.call(caller, "ask_senate", {"question": QUESTION}).result["most_usd"]
        except Refused as refused:
            return refused.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(ask, range(4)))
    assert said[2:] == ["cap_exceeded"] * 2 and [Decimal(one) for one in said[:2]] == [quoted] * 2
    run.refresh_from_db()
    assert run.cost_usd == quoted * 2 and SenateSession.objects.count() == 2
    assert caps.standing(everyone["ivo"]).reserved_usd == quoted * 2, "a refused question holds nothing of the cap"


def test_a_run_that_has_ended_starts_nothing_more(running, quoted):
    run, caller = running(quoted * 2)
    AgentRun.objects.filter(pk=run.pk).update(state="cancelled")
    with pytest.raises(Refused, match=r"\$0.0000 of the run's budget"):
        gate.call(caller, "ask_senate", {"question": QUESTION})
    assert SenateSession.objects.count() == 0
