"""A worker that is lost at any point of a run: another goes on, and no call is made twice."""

import pytest

from intelligence.agents import gate, troubleshooter
from intelligence.agents.runs import store
from intelligence.agents.runs.run import Run
from intelligence.models import AgentRun
from tests.fakes.scripted import calls, concludes


class Lost(BaseException):
    """The process is gone at this point: nothing after it runs."""


def once(monkeypatch, place, name, when="before"):
    """The first time that this is called, the worker is lost, before or after it did its work."""
    real, seen = getattr(place, name), []

    def dies(*given, **more):
        if not seen:
            seen.append(1)
            if when == "after":
                real(*given, **more)
            raise Lost
        return real(*given, **more)

    async def adies(*given, **more):
        if not seen:
            seen.append(1)
            if when == "after":
                await real(*given, **more)
            raise Lost
        return await real(*given, **more)

    monkeypatch.setattr(place, name, adies if name == "acall" else dies)


POINTS = {
    "before the turn is stored": (store, "add_turn", "before", 1, "done"),
    "after the turn is stored": (store, "add_turn", "after", 1, "done"),
    "before the call is begun": (store, "begin", "before", 1, "done"),
    "after the call is begun": (store, "begin", "after", 0, "lost"),
    "before the gate is asked": (gate, "acall", "before", 0, "lost"),
    "after the tool has run": (gate, "acall", "after", 1, "done"),
    "before the result is kept": (store, "finish", "before", 1, "done"),
    "after the result is kept": (store, "finish", "after", 1, "done"),
    "before the end is stored": (store, "conclude", "before", 1, "done"),
}


def next_turn(body):
    told = any(message["role"] == "tool" for message in body["messages"])
    return concludes("Noted.") if told else calls(("note", {"text": "one"}))


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_another_worker_goes_on_and_no_call_is_made_twice(
    point, everyone, model, worked, tools, ran, monkeypatch, caplog
):
    place, name, when, times, state = POINTS[point]
    model.says(next_turn)
    run = troubleshooter.start(everyone["ivo"], "Note it.", may_act=True)
    once(monkeypatch, place, name, when)
    worked(run)
    assert run.state == "running", "the worker was not lost"
    worked(run)
    assert (run.state, run.answer) == ("done", "Noted."), run.reason
    assert len(ran) == times
    step = run.steps.get(kind="tool")
    assert (step.state, run.claims) == (state, 2)
    assert run.steps.filter(kind="think").count() == 2


def test_a_lost_call_is_told_to_the_model_as_such(everyone, model, worked, tools, monkeypatch):
    model.says(calls(("note", {"text": "one"})), concludes("I don't know whether it was noted."))
    run = troubleshooter.start(everyone["ivo"], "Note it.", may_act=True)
    once(monkeypatch, gate, "acall")
    worked(run)
    worked(run)
    assert "nobody knows whether it took effect" in model.asked[1]["messages"][-1]["content"]


def test_who_has_lost_the_claim_writes_nothing_more(everyone, model, quiet):
    run = troubleshooter.start(everyone["ivo"], "Why?")
    mine = Run(store.claim(run.pk, "first"))
    AgentRun.objects.filter(pk=run.pk).update(claimed_by="second")
    with pytest.raises(store.LeaseLost):
        store.write(run.pk, mine.token, answer="stolen")
    assert store.beat(["first", "second"]) == ["first"]


@pytest.mark.parametrize(
    ("columns", "state", "reason"),
    [
        ({"claims": 5}, "failed", "lost 5 times"),
        ({"cancel_requested": True}, "cancelled", "Cancelled"),
        ({"claims": 1}, "running", ""),
    ],
)
def test_the_sweep_ends_what_has_no_prospect_and_nudges_the_rest(everyone, quiet, columns, state, reason):
    run = troubleshooter.start(everyone["ivo"], "Why?")
    AgentRun.objects.filter(pk=run.pk).update(state="running", **columns)
    quiet.clear()
    troubleshooter.sweep()
    run.refresh_from_db()
    assert run.state == state and reason in run.reason
    assert quiet == ([("intelligence.tasks.run_agent", str(run.pk))] if state == "running" else [])
