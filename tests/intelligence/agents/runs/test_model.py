"""A run with a model: its calls go through the gate, its budget holds, what it claims is looked up."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from intelligence.agents import troubleshooter
from intelligence.approval import approvals
from intelligence.models import Approval, Deployment
from providers.exceptions import AIServiceError
from providers.models import AIServiceConfig, AIUsageLog
from tests.fakes.scripted import calls, concludes


@pytest.fixture
def ask(everyone, shop, failed, model, worked):
    def go(*turns, **how):
        model.says(*turns)
        return worked(troubleshooter.start(everyone["ivo"], "Why does it fail?", shop, **how))

    return go


def looks(failed):
    return calls(
        ("get_service", {"service": "checkout-api"}),
        ("analyze_log", {"deployment_id": str(failed.pk)}),
        says="I look at the service and its last log.",
    )


def test_it_thinks_calls_and_concludes_with_evidence_that_stood_in_the_results(ask, failed, model):
    place = f"/deployments/{failed.pk}/"
    claims = [
        (place + "#L6", "The module is missing."),
        ("/deployments/00000000-0000-4000-8000-000000000000/", "made up"),
    ]
    run = ask(looks(failed), concludes("requests is not installed.\nAdd it.", *claims))
    assert (run.state, run.mind, run.provider, run.model) == ("done", "model", "local", "scripted"), run.reason
    assert run.answer.startswith("requests is not installed.")
    assert [one["url"] for one in run.evidence] == [place + "#L6"]
    assert [one["says"] for one in run.unproven] == ["made up"]
    kinds = list(run.steps.values_list("n", "kind", "tool", "state"))
    assert kinds == [
        (1, "think", "", "done"),
        (2, "tool", "get_service", "done"),
        (3, "tool", "analyze_log", "done"),
        (4, "think", "", "done"),
    ]
    assert AIUsageLog.objects.filter(session_id=run.session_id, operation="agent").count() == 2
    told = [message for message in model.asked[1]["messages"] if message["role"] == "tool"]
    assert len(told) == 2 and all(one["content"].startswith("--- begin result ") for one in told)
    assert "ModuleNotFoundError" in told[1]["content"]


def test_plain_words_are_an_answer_too_and_the_rows_that_they_name_are_its_evidence(ask, failed):
    words = {"role": "assistant", "content": f"It fails, see /deployments/{failed.pk}/ and /services/nowhere/."}
    run = ask(looks(failed), words)
    assert run.state == "done" and [one["url"] for one in run.evidence] == [f"/deployments/{failed.pk}/"]


def test_what_it_was_not_given_is_not_called_whatever_a_log_talks_it_into(ask, failed):
    run = ask(
        calls(("redeploy", {"service": "checkout-api"}), ("no_such_tool", {}), ("get_service", "{broken")),
        concludes("I could not."),
    )
    steps = run.steps.filter(kind="tool")
    assert [one.state for one in steps] == ["refused"] * 3 and run.steps_used == 0
    assert "There is no tool redeploy for this run." in steps[0].error and "not valid JSON" in steps[2].error
    assert Deployment.objects.count() == 1 and Approval.objects.count() == 0


def acting(ask, *after):
    return ask(calls(("redeploy", {"service": "checkout-api", "reason": "fixed"})), *after, may_act=True)


def test_what_changes_something_waits_for_somebody_else_and_is_done_once(ask, everyone, worked, failed, model):
    run = acting(ask, concludes("Deployed anew."))
    assert run.state == "waiting" and run.claimed_by == "" and len(model.asked) == 1
    asked = Approval.objects.get()
    assert asked.evidence_url == f"/agents/runs/{run.pk}/"
    assert worked(run).state == "waiting"  # nobody has decided: there is nothing to take
    with pytest.raises(AIServiceError, match="somebody else"):
        approvals.decide(asked.pk, everyone["ivo"], "approve")
    approvals.decide(asked.pk, everyone["mara"], "approve", "go")
    assert worked(run).state == "done" and run.answer == "Deployed anew."
    assert Deployment.objects.filter(status="QUEUED").count() == 1
    step = run.steps.get(tool="redeploy")
    assert step.state == "done" and step.result["url"].startswith("/deployments/")


def test_a_no_is_told_to_the_model_and_it_goes_on(ask, everyone, worked, model):
    run = acting(ask, concludes("Nobody wants it."))
    approvals.decide(Approval.objects.get().pk, everyone["mara"], "deny", "not on a Friday")
    assert worked(run).state == "done"
    step = run.steps.get(tool="redeploy")
    assert step.state == "refused" and step.error == "A person said no: not on a Friday"
    assert "not on a Friday" in model.asked[1]["messages"][-1]["content"]
    assert Deployment.objects.filter(status="QUEUED").count() == 0


def test_no_answer_in_time_is_a_no(ask, worked):
    run = acting(ask, concludes("Nobody answered."))
    Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert worked(run).state == "done"
    assert run.steps.get(tool="redeploy").error == "Nobody decided in time."


def test_a_run_that_is_cancelled_while_it_waits_takes_its_request_back(ask, everyone):
    run = acting(ask)
    troubleshooter.cancel(everyone["mara"], run)
    run.refresh_from_db()
    assert run.state == "cancelled" and run.reason == "Cancelled by mara."
    assert Approval.objects.get().state == "cancelled"


def test_with_no_call_left_it_must_conclude(ask, failed, model):
    more = calls(("get_service", {"service": "checkout-api"}))
    run = ask(more, more, concludes("That is all."), budget={"steps": 2})
    assert run.state == "done" and run.steps_used == 2
    last = model.asked[-1]
    assert [tool["function"]["name"] for tool in last["tools"]] == ["conclude"]
    assert last["tool_choice"]["function"]["name"] == "conclude"


def test_more_calls_at_once_than_are_left_are_not_made(ask, failed):
    many = calls(*[("get_service", {"service": "checkout-api"})] * 5)
    run = ask(many, concludes("Enough."), budget={"steps": 3})
    assert [one.state for one in run.steps.filter(kind="tool")] == ["done"] * 3 + ["refused"] * 2


def test_a_model_that_never_comes_to_an_end_is_ended_and_what_was_found_is_told(ask, model):
    run = ask(calls(("no_such_tool", {})), budget={"steps": 1})
    assert run.state == "partial" and run.reason == "It thought 5 times and did not come to an answer."
    assert len(model.asked) == 5


def test_the_next_question_is_not_asked_where_it_could_pass_the_budget(ask, failed, model):
    config = AIServiceConfig.get_instance()
    config.model_pricing = {"scripted": {"input": "10", "output": "10"}}
    config.save()
    run = ask(looks(failed), budget={"usd": 0})
    assert run.state == "partial" and "could cost $" in run.reason and model.asked == []
    price = Decimal(run.reason.split("$")[1].split(",")[0])
    run = ask(looks(failed), concludes("No."), budget={"usd": price + Decimal("0.0012")})
    assert run.state == "partial" and "could cost $" in run.reason, (run.state, run.reason)
    assert run.cost_usd == Decimal("0.0011") and len(model.asked) == 1
    assert "requests" in run.answer and run.evidence


def test_the_time_at_work_is_bounded(ask, failed, monkeypatch):
    monkeypatch.setattr(
        troubleshooter, "limits", lambda budget: {"most_steps": 5, "most_seconds": 0, "most_usd": 1}
    )
    run = ask(looks(failed))
    assert run.state == "partial" and run.reason == "Its 0 seconds are used up."


def test_where_the_model_fails_the_fixed_list_goes_on_from_there(ask, failed, model):
    def broken(body):
        raise ConnectionResetError

    run = ask(looks(failed), broken)
    assert run.state == "done" and run.mind == "runbook" and "requests" in run.answer
    assert run.fallback and run.steps.filter(tool="get_service").count() == 1


def test_a_cancel_while_the_model_thinks_ends_it_before_another_call(ask, everyone, failed, model):
    def cancelling(body):
        from intelligence.models import AgentRun

        AgentRun.objects.update(cancel_requested=True)
        return looks(failed)

    run = ask(cancelling)
    assert run.state == "cancelled"
    assert [one.state for one in run.steps.filter(kind="tool")] in ([], ["cancelled", "cancelled"])


def test_code_runs_with_the_runs_own_rights(ask, failed, model):
    code = (
        "import aiops, json\n"
        "print([t['name'] for t in aiops.tools()][:2], aiops.call('get_service', service='checkout-api')['state'])\n"  # noqa: E501
        "for name in ('redeploy', 'run_code'):\n"
        "  try: aiops.call(name, service='checkout-api')\n"
        "  except aiops.AiopsError as e: print(e.status, e.code)"
    )
    run = ask(calls(("run_code", {"language": "python", "code": code})), concludes("Counted."))
    step = run.steps.get(tool="run_code")
    assert step.state == "done", step.error
    assert step.result["exit_code"] == 0, step.result
    assert step.result["stdout"].splitlines() == [
        "['analyze_log', 'ask_senate'] FAILED",
        "403 scope_missing",
        "403 not_inside",
    ]


def test_a_result_is_told_in_part_and_kept_whole(ask, shop, failed, model):
    long = {"lines": ["x" * 200] * 80}
    run = ask(calls(("read_log", {"deployment_id": str(failed.pk)})), concludes("Read."))
    from intelligence.agents.runs.model import MOST_RESULT, result_text
    from intelligence.agents.runs.run import plain

    step = plain(run.steps.get(tool="read_log"))
    text = result_text(step.__class__(**{**{n: getattr(step, n) for n in step.__slots__}, "result": long}))
    assert len(text) < MOST_RESULT + 300 and "[cut:" in text
    assert json.loads(json.dumps(step.result))["total"] == 6
