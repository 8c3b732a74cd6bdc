"""Without a model the fixed list answers: what it calls, what it says, where that stands."""

from decimal import Decimal

import pytest

from intelligence.agents import troubleshooter
from intelligence.agents.runs import runbook
from intelligence.agents.runs.types import Case, Step
from intelligence.models import AgentRun
from providers.models import AIUsageLog, AuditEntry
from tests.intelligence.agents.runs.conftest import LOG


def test_a_failing_service_is_explained_with_links_to_its_rows_for_nothing(everyone, shop, failed, worked):
    run = worked(troubleshooter.start(everyone["ivo"], "Why does it fail?", shop))
    assert (run.state, run.mind, run.cost_usd) == ("done", "runbook", 0), run.reason
    assert "key" in run.fallback or "provider" in run.fallback
    assert "requests" in run.answer and "failed at its last deployment" in run.answer
    places = [one["url"] for one in run.evidence]
    assert f"/services/{shop.pk}/" in places and f"/deployments/{failed.pk}/#L6" in places
    assert LOG.splitlines()[5] == "ModuleNotFoundError: No module named 'requests'"
    assert run.unproven == []
    called = list(run.steps.filter(kind="tool").values_list("tool", "state"))
    wanted = ("get_service", "list_deployments", "list_incidents", "service_samples", "analyze_log")
    assert called == [(name, "done") for name in wanted]
    assert run.steps_used == 5 and AIUsageLog.objects.count() == 0


def test_every_call_stands_in_the_audit_log_with_its_run(everyone, shop, failed, worked):
    run = worked(troubleshooter.start(everyone["ivo"], "Why?", shop))
    entries = AuditEntry.objects.filter(action="tool.call", after__contains=str(run.pk))
    assert entries.count() == run.steps.filter(kind="tool").count() == 5
    ends = AuditEntry.objects.filter(action__in=["agent.run.start", "agent.run.end"], object_id=str(run.pk))
    assert [entry.action for entry in ends.order_by("number")] == ["agent.run.start", "agent.run.end"]


def test_a_service_that_the_question_names_is_looked_at(everyone, shop, failed, worked):
    run = worked(troubleshooter.start(everyone["ivo"], "What is wrong with Checkout-API today?"))
    assert run.state == "done" and "requests" in run.answer
    assert run.steps.filter(tool="get_service", arguments={"service": "checkout-api"}, state="done").count() == 1


def test_of_a_site_where_nothing_failed_it_says_that_nothing_explains_it(everyone, shop, worked):
    run = worked(troubleshooter.start(everyone["ivo"], "Is all well?"))
    assert run.state == "done" and run.answer == runbook.NOTHING and run.evidence == []


def test_with_fewer_calls_than_it_needs_it_says_so_and_tells_what_it_found(everyone, shop, failed, worked):
    run = worked(troubleshooter.start(everyone["ivo"], "Why?", shop, budget={"steps": 2}))
    assert run.state == "partial" and run.reason == "Its 2 calls are used up." and run.steps_used == 2
    assert "Its only deployment failed" in run.answer


def step(n, tool, result, state="done", **arguments):
    return Step(n, "tool", 1, "", [], f"c{n}", tool, arguments, state, result, "")


@pytest.mark.parametrize(
    "result",
    [
        None,
        [],
        "text",
        {"deployments": None},
        {"deployments": [None, 7, "x"]},
        {"deployments": [{"status": "FAILED"}]},
    ],
)
def test_results_of_another_shape_than_expected_end_no_run(result):
    tools = [
        type("Tool", (), {"name": name})() for name in ("list_services", "list_deployments", "list_incidents")
    ]
    steps = [step(1, "list_services", result), step(2, "list_deployments", result, failed=True, limit=5)]
    case = Case("Why?", "asked", None, tools, steps, 5, 10.0, Decimal(1))
    assert runbook.turn(case).mind == "runbook"
    text, _ = runbook.summary(case)
    assert text


def test_a_lost_call_is_not_asked_for_twice_by_the_list(everyone, shop):
    tools = [type("Tool", (), {"name": "get_service"})()]
    steps = [step(1, "get_service", None, "lost", service="checkout-api")]
    case = Case("Why?", "asked", {"id": "1", "name": "checkout-api"}, tools, steps, 5, 10.0, Decimal(1))
    assert runbook.turn(case).asked == ()
    assert AgentRun.objects.count() == 0
