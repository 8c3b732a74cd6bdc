"""Jules' session API: its plan waits for a person, its patch is taken, checked and bounded by us."""

import pytest

from intelligence.approval import approvals
from intelligence.models import Service
from jules import autofix
from jules.models import FixAttempt
from providers.models import AIProviderSettings
from providers.runtime import loop
from tests.fakes.git_server import TOKEN

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("look_at_the_diff", [False, True])
def test_its_plan_is_approved_here_and_its_patch_is_taken(
    world, git, forge, failed, everyone, upstream, settings, look_at_the_diff
):
    settings.JULES_ALLOWED_HOSTS, settings.JULES_POLL_SECONDS = ["127.0.0.1"], 0.0
    settings.JULES_APPROVE_PLAN = look_at_the_diff
    row = AIProviderSettings.get_solo()
    row.jules_base_url, row.jules_api_key = upstream.url("jules"), "sk-jules-test-key"
    row.save()
    (git.root / "acme").mkdir()
    url = git.make("acme/shop", {"app.py": "old\n"})
    about = {"forge_api_url": forge.api("github"), "forge_token": TOKEN, "repository_url": url}
    deployment = failed(Service.objects.create(name="shop", owner=everyone["ivo"], **about))
    pk = autofix.fix(deployment.pk, "jules", everyone["ivo"].pk).attempt_id
    attempt = FixAttempt.objects.get(pk=pk)
    assert (attempt.state, attempt.step, attempt.error) == ("running", "ask", "")
    assert attempt.approval.state == "pending" and "Pin it" in attempt.approval.why
    approvals.decide(attempt.approval_id, everyone["mara"], "approve")
    loop.run(autofix._worked_on(pk))
    if look_at_the_diff:  # the plan in words was approved, the diff was not
        asked = FixAttempt.objects.get(pk=pk)
        assert (asked.state, asked.step) == ("running", "plan") and asked.approval_id != attempt.approval_id
        assert set(git.branches("acme/shop")) == {"main"}
        approvals.decide(asked.approval_id, everyone["mara"], "approve")
        loop.run(autofix._worked_on(pk))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.error) == ("succeeded", "")
    assert "-old\n+new\n" in attempt.diff and attempt.description == "Pin redis"
    assert git.show("acme/shop", attempt.branch, "app.py") == "new\n" and forge.pulls[0].repo == "acme/shop"
