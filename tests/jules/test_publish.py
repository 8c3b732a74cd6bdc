"""The branch and its one pull request: what a person did there is respected, a lost answer makes no second one."""

import pytest

from intelligence.models import Deployment
from jules import autofix, follow, tasks
from jules.models import FixAttempt
from providers.runtime import loop
from tests.fakes.forge import Fault
from tests.fakes.git_server import TOKEN

pytestmark = pytest.mark.django_db(transaction=True)
FILES = {"src/server.py": "print('up')\n", "start.sh": "python3 app/server.py\n"}
LOG = "python3: can't open file '/work/app/server.py': [Errno 2] No such file or directory\n"


@pytest.fixture
def deployment(service_of, failed):
    return failed(service_of(FILES), log=LOG)


def again(deployment):
    """Another attempt on the same failure."""
    FixAttempt.objects.filter(deployment=deployment).update(state="failed")
    FixAttempt.objects.filter(deployment=deployment).update(lineage="00000000-0000-4000-8000-000000000001")


@pytest.mark.parametrize("kind", ["github", "gitlab", "bitbucket"])
def test_every_forge_gets_its_draft_and_a_lost_answer_makes_no_second(service_of, failed, fixed, forge, kind):
    ending = {"github": "pulls", "gitlab": "merge_requests", "bitbucket": "pullrequests"}[kind]
    forge.faults.append(Fault("POST", ending, 502, after=True))
    attempt = fixed(failed(service_of(FILES, forge=kind, forge_api_url=forge.api(kind)), log=LOG))
    assert attempt.state == "succeeded", attempt.error
    assert len(forge.pulls) == 1 and attempt.pr_number == 1 and attempt.pr_draft
    forge.pulls[0].checks = {"tests": "failure"}
    loop.run(follow.follow())
    attempt.refresh_from_db()
    assert (attempt.pr_state, attempt.ci_state) == ("open", "failure")
    pull = forge.pulls[0]
    pull.checks, pull.state, pull.draft = {"tests": "success"}, "merged", False
    pull.title = pull.title.removeprefix("Draft: ")
    loop.run(follow.follow())
    attempt.refresh_from_db()
    assert (attempt.pr_state, attempt.ci_state, attempt.pr_draft) == ("merged", "success", False)
    assert attempt.pr_closed_at.isoformat() == "2026-11-20T12:30:00+00:00"


def test_what_is_transient_is_tried_again_with_back_off_and_what_is_not_is_not(
    deployment, fixed, git, forge, pauses
):
    git.faults += [503, 503]
    forge.faults += [Fault("GET", "pulls", 500), Fault("GET", "pulls", 500)]
    assert fixed(deployment).state == "succeeded"
    assert pauses[:2] == [1, 2]


@pytest.mark.parametrize(
    ("status", "words", "tries"),
    [(401, "refuses the token", 1), (422, "refuses", 1), (503, "fault of its own", 5)],
)
def test_a_forge_that_refuses_ends_the_attempt_in_words(deployment, fixed, forge, status, words, tries):
    forge.faults += [Fault("POST", "pulls", status) for _ in range(8)]
    attempt = fixed(deployment)
    assert (attempt.state, attempt.step) == ("failed", "pull_request") and words in attempt.error
    assert [r for r in forge.requests if r[0] == "POST"] == [("POST", "/github/repos/team/shop/pulls")] * tries
    assert TOKEN not in attempt.error + "".join(s.log for s in attempt.steps.all())


def test_a_wrong_token_fails_in_the_first_step_and_leaves_no_clone(service_of, failed, fixed, settings, forge):
    attempt = fixed(failed(service_of(FILES, forge_token="wrong-token-123456"), log=LOG))
    assert (attempt.state, attempt.step) == ("failed", "collect") and "refuses the token" in attempt.error
    assert list((settings.DATA_DIR / "clones").iterdir()) == [] and forge.requests == []


def test_a_persons_commit_on_the_branch_is_left_alone(deployment, fixed, git, forge):
    first = fixed(deployment)
    git.commit("team/shop", {"by-hand.txt": "mine\n"}, first.branch, "By hand")
    head = git.branches("team/shop")[first.branch]
    again(deployment)
    second = FixAttempt.objects.get(pk=autofix.fix(deployment.pk).attempt_id)
    assert (second.state, second.step) == ("failed", "push") and "Somebody else committed" in second.error
    assert git.branches("team/shop")[first.branch] == head
    assert "left alone" in next(iter(forge.pulls[0].comments.values()))


@pytest.mark.parametrize("state", ["closed", "merged"])
def test_a_pull_request_that_was_closed_or_merged_is_not_offered_again(deployment, fixed, forge, state):
    fixed(deployment)
    forge.pulls[0].state = state
    again(deployment)
    second = autofix.fix(deployment.pk)
    assert not second.success and f"was {state} already" in second.error and len(forge.pulls) == 1


def test_the_same_fix_again_pushes_nothing_and_keeps_the_one_pull_request(deployment, fixed, git, forge):
    first = fixed(deployment)
    again(deployment)
    assert autofix.fix(deployment.pk).success
    assert git.branches("team/shop")[first.branch] == first.sha and len(forge.pulls) == 1


def test_a_stale_pull_request_is_closed_with_a_comment_when_a_later_deployment_succeeds(deployment, fixed, forge):
    attempt = fixed(deployment)
    loop.run(follow.follow())
    attempt.refresh_from_db()
    assert attempt.pr_state == "open"
    Deployment.objects.create(service=deployment.service, status="RUNNING", branch="main")
    loop.run(follow.follow())
    attempt.refresh_from_db()
    assert (attempt.pr_state, forge.pulls[0].state) == ("closed", "closed")
    assert "succeeded without this change" in list(forge.pulls[0].comments.values())[-1]


def test_a_second_fix_of_the_same_failure_is_made_anew_on_the_newest_base_in_the_same_pull_request(
    deployment, fixed, git, forge
):
    first = fixed(deployment)
    git.commit("team/shop", {"by-hand.txt": "mine\n"}, message="By hand")
    second = fixed(deployment)
    assert (second.state, second.pk, second.branch) == ("succeeded", first.pk + 1, first.branch)
    assert git.branches("team/shop")[first.branch] == second.sha != first.sha
    assert git.log("team/shop", first.branch)[1:] == ["By hand", "Change"]
    [pull] = forge.pulls
    assert f"Fix {second.pk} of shop" in pull.body and second.pr_number == 1
    assert "2 are allowed" in autofix.fix(deployment.pk).error


def test_a_fix_that_fails_when_deployed_is_gone_on_from_once_and_then_no_more(
    service_of, failed, fixed, git, forge
):
    files = {**FILES, "src/server.py": "print(json.dumps({}))\n"}
    first = failed(service_of(files), log=LOG)
    attempt = fixed(first)
    said = "File \"/work/src/server.py\", line 1, in <module>\nNameError: name 'json' is not defined\n"
    again = failed(first.service, log=said, fixes=first)
    Deployment.objects.filter(pk=again.pk).update(branch=attempt.branch)
    second = fixed(again)
    assert (second.state, second.error, second.lineage) == ("succeeded", "", first.pk)
    assert len(git.log("team/shop", attempt.branch)) == 3 and len(forge.pulls) == 1
    assert "python3 src/server.py" in git.show("team/shop", attempt.branch, "start.sh")
    assert "import json" in git.show("team/shop", attempt.branch, "src/server.py")
    third = failed(first.service, log=said, fixes=again)
    assert "2 are allowed" in autofix.fix(third.pk).error


@pytest.mark.parametrize(
    ("fix", "deploy", "own", "starts"),
    [
        (None, None, False, False), (None, None, True, True), (True, None, False, True),
        (False, None, True, False),
        (None, True, False, True), (False, True, True, False), (None, False, False, False),
    ],
)  # fmt: skip
def test_the_two_switches_decide_what_is_fixed_without_being_asked(
    deployment, settings, world, fix, deploy, own, starts
):
    settings.JULES_AUTO_FIX, settings.JULES_AUTO_DEPLOY_PR = fix, deploy
    deployment.service.auto_fix = own
    deployment.service.save()
    deployment.finished_at = deployment.created_at
    deployment.save()
    tasks.look()
    assert FixAttempt.objects.exists() is starts
    tasks.look()
    assert FixAttempt.objects.count() == int(starts)


@pytest.mark.parametrize(("needs", "waiting", "queued"), [(True, 1, 0), (False, 0, 1)])
def test_the_branch_is_deployed_after_approval_unless_the_service_says_otherwise(
    service_of, failed, fixed, settings, needs, waiting, queued
):
    from intelligence.models import Approval

    settings.JULES_AUTO_DEPLOY_PR = True
    service = service_of(FILES, deployer="local", deploy_needs_approval=needs)
    attempt = fixed(failed(service, log=LOG))
    assert attempt.state == "succeeded", attempt.error
    assert Approval.objects.filter(state="pending").count() == waiting
    assert Deployment.objects.filter(fixes=attempt.deployment).count() == queued
