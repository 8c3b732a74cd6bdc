"""JULES_APPROVE_PLAN: a person sees the exact diff before anything is pushed, and decides on that diff alone."""

import pytest

from intelligence.approval import approvals
from intelligence.models import Approval
from jules import autofix, tasks
from jules.models import FixAttempt
from jules.work import plan
from providers.runtime import loop

pytestmark = pytest.mark.django_db(transaction=True)
FILES = {"src/server.py": "print('up')\n", "start.sh": "python3 app/server.py\n"}
LOG = "python3: can't open file '/work/app/server.py': [Errno 2] No such file or directory\n"


@pytest.fixture
def waiting(service_of, failed, fixed, settings, everyone):
    """A fix whose plan waits for a person."""
    settings.JULES_APPROVE_PLAN = True
    attempt = fixed(failed(service_of(FILES), log=LOG), user=everyone["ivo"])
    assert (attempt.state, attempt.step, attempt.error, attempt.claimed_by) == ("running", "plan", "", "")
    return attempt


def worked_on(attempt):
    loop.run(autofix._worked_on(attempt.pk))
    return FixAttempt.objects.get(pk=attempt.pk)


def test_nothing_is_pushed_before_somebody_else_approved_this_diff(waiting, git, forge, as_user, world, everyone):
    assert set(git.branches("team/shop")) == {"main"} and forge.pulls == []
    shown = as_user("mara").get(f"/api/v1/jules/attempts/{waiting.pk}/").json()
    address = f"/api/v1/ops/approvals/{shown['approval_id']}/"
    asked = as_user("mara").get(address).json()
    assert asked["arguments"]["diff_sha256"] == plan.digest(waiting.diff)
    assert ["File", "start.sh +1 -1"] in asked["touches"]
    assert as_user("ivo").post(address, {"decision": "approve"}, format="json").status_code == 403
    world.clear()
    tasks.reap()
    assert world == [] and worked_on(waiting).step == "plan"
    answer = as_user("mara").post(address, {"decision": "approve", "reason": "fine"}, format="json")
    assert (answer.status_code, answer.json()["state"], world) == (200, "done", [waiting.pk])
    done = worked_on(waiting)
    assert (done.state, done.error) == ("succeeded", "")
    assert git.branches("team/shop")[done.branch] == done.sha and len(forge.pulls) == 1
    assert Approval.objects.count() == 1


@pytest.mark.parametrize(
    ("decision", "says"), [("deny", "was denied: too wide"), ("", "was not approved in time.")]
)
def test_a_plan_that_is_denied_or_forgotten_ends_the_fix(waiting, git, world, everyone, decision, says):
    if decision:
        approvals.decide(waiting.approval_id, everyone["mara"], decision, "too wide")
    else:
        Approval.objects.update(expires_at="2026-01-01T00:00:00Z")
    world.clear()
    tasks.reap()
    assert world == [waiting.pk]
    done = worked_on(waiting)
    assert (done.state, done.step, done.error) == ("failed", "plan", f"The plan {says}")
    assert set(git.branches("team/shop")) == {"main"}


def test_what_was_approved_does_not_hold_for_another_diff(waiting, git, everyone):
    git.commit("team/shop", {"start.sh": "set -e\npython3 app/server.py\n"})
    approvals.decide(waiting.approval_id, everyone["mara"], "approve")
    later = worked_on(waiting)
    assert (later.state, later.step, later.error) == (
        "running",
        "plan",
        "",
    ) and later.approval_id != waiting.approval_id
    assert later.approval.state == "pending" and later.approval.arguments != waiting.approval.arguments
    assert set(git.branches("team/shop")) == {"main"}
