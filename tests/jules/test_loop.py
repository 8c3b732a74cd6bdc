"""From a failed deployment to a pull request: real git over HTTP, a real sandbox, a faithful forge."""

import pytest

from tests.fakes.git_server import TOKEN
from tests.jules.broken import BROKEN
from tests.jules.conftest import REPOSITORY, needs_sandbox

pytestmark = [pytest.mark.django_db(transaction=True), needs_sandbox]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.recipe)
def test_a_broken_repository_becomes_a_verified_pull_request(case, service_of, failed, fixed, git, forge):
    deployment = failed(service_of(case.files, case.check, case.build), failed_in="BUILDING")
    attempt = fixed(deployment)
    log = "\n".join(f"{s.name}: {s.log}" for s in attempt.steps.all())
    assert (attempt.state, attempt.error) == ("succeeded", ""), log
    assert f"Recipe {case.recipe}:" in log
    assert attempt.verified, attempt.unverified
    branch = f"jules/auto-fix-{deployment.pk}"
    assert set(git.branches(REPOSITORY)) == {"main", branch}
    assert case.holds in git.show(REPOSITORY, branch, case.file)
    [pull] = forge.pulls
    assert (pull.branch, pull.base, pull.draft, pull.labels) == (branch, "main", False, ["jules", "auto-fix"])
    assert "**Verified.**" in pull.body and TOKEN not in pull.body + log
    assert [step.state for step in attempt.steps.all()] == ["done"] * 5
