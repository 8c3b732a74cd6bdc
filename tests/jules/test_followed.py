"""What a forge's webhook says of a pull request and its checks is seen at once, by the fix that it is about."""

import hashlib
import hmac
import json

import pytest
from rest_framework.test import APIClient

from intelligence import nudges as deliveries
from intelligence import tasks
from intelligence.models import Deployment, Service, WebhookDelivery
from jules import autofix, nudges
from jules.models import FixAttempt

pytestmark = pytest.mark.django_db(transaction=True)
SECRET, SHA, URL = "webhook-secret-0a1b2c3d", "a41f9c2e" * 5, "https://forge.example.org/team/shop"


@pytest.fixture
def attempt(everyone, monkeypatch):
    """A fix with an open pull request 7; deliveries are worked on at once."""
    monkeypatch.setattr(deliveries, "delivery", lambda pk: tasks.handle_delivery(str(pk)))
    monkeypatch.setattr(nudges, "workers", lambda pk, expires_s=None: None)
    service = Service.objects.create(
        name="shop", owner=everyone["ivo"], repository_url=f"{URL}.git", webhook_secret=SECRET
    )
    made = autofix.start(Deployment.objects.create(service=service, status="FAILED"), None)
    open_ = {"state": "succeeded", "pr_number": 7, "pr_url": f"{URL}/pull/7", "pr_state": "open", "pr_draft": True}
    FixAttempt.objects.filter(pk=made.pk).update(sha=SHA, **open_)
    return made


@pytest.fixture
def looks(monkeypatch):
    """How often workers were asked to look at the forge."""
    asked = []
    monkeypatch.setattr(nudges, "followers", lambda: asked.append(1))
    return asked


def github(event, about):
    return "github", {"X-GitHub-Event": event}, about | {"repository": {"html_url": URL}}


def gitlab(about):
    return "gitlab", {}, about | {"project": {"web_url": URL}}


def bitbucket(key, about):
    return "bitbucket", {"X-Event-Key": key}, about | {"repository": {"links": {"html": {"href": URL}}}}


def send(source, named, payload, query=""):
    body = json.dumps(payload).encode()
    mac = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    signed = {"X-Hub-Signature-256": mac, "X-Hub-Signature": mac, "X-Gitlab-Token": SECRET}
    answer = APIClient().post(
        f"/api/v1/webhooks/{source}/{query}", body, content_type="application/json", headers=signed | named
    )
    assert answer.status_code == 202, answer.content
    return answer.json()


def pull_of(branch, source, **about):
    if source == "github":
        head = {"ref": branch, "sha": SHA}
        return github("pull_request", {"action": "x", "pull_request": {"number": 7, "head": head, **about}})
    if source == "gitlab":
        given = {"iid": 7, "source_branch": branch, "last_commit": {"id": SHA}, **about}
        return gitlab({"object_kind": "merge_request", "object_attributes": given})
    given = {"id": 7, "source": {"branch": {"name": branch}, "commit": {"hash": SHA[:12]}}, **about}
    return bitbucket("pullrequest:updated", {"pullrequest": given})


@pytest.mark.parametrize(
    ("source", "about", "state", "draft"),
    [
        ("github", {"state": "closed", "merged": True, "merged_at": "2026-11-20T12:30:00Z"}, "merged", False),
        ("github", {"state": "closed", "merged": False, "closed_at": "2026-11-20T12:30:00Z"}, "closed", False),
        ("github", {"state": "open", "draft": True}, "open", True),
        ("gitlab", {"state": "merged"}, "merged", False),
        ("gitlab", {"state": "closed"}, "closed", False),
        ("gitlab", {"state": "opened", "draft": True}, "open", True),
        ("bitbucket", {"state": "MERGED"}, "merged", False),
        ("bitbucket", {"state": "DECLINED"}, "closed", False),
        ("bitbucket", {"state": "OPEN", "draft": True}, "open", True),
    ],
)
def test_merged_and_closed_are_seen_at_once(attempt, looks, as_user, source, about, state, draft):
    assert send(*pull_of(attempt.branch, source, **about))["state"] == "accepted"
    shown = as_user("lee").get(f"/api/v1/jules/attempts/{attempt.pk}/").json()["pull_request"]
    assert (shown["number"], shown["state"], shown["draft"]) == (7, state, draft)
    assert bool(shown["closed_at"]) == (state != "open")
    if source == "github" and state != "open":
        assert shown["closed_at"].startswith("2026-11-20T12:30:00")
    assert looks == [1] and Deployment.objects.count() == 1


def check(branch, source, good):
    if source == "gitlab":
        about = {"id": 31, "ref": branch, "sha": SHA, "status": "success" if good else "failed"}
        return gitlab({"object_kind": "pipeline", "object_attributes": about})
    if source == "bitbucket":
        about = {"refname": branch, "commit": {"hash": SHA[:12]}, "state": "SUCCESSFUL" if good else "FAILED"}
        return bitbucket("repo:commit_status_updated", {"commit_status": about})
    if source == "status":
        about = {"sha": SHA, "state": "success" if good else "error", "branches": [{"name": branch}]}
        return github("status", about)
    about = {"head_branch": branch, "head_sha": SHA, "status": "completed"}
    about = about | {"conclusion": "success" if good else "timed_out"}
    if source == "check_run":
        about = about | {"head_branch": None, "check_suite": {"head_branch": branch}}
    return github(source, {"action": "completed", source: about})


@pytest.mark.parametrize("source", ["workflow_run", "check_suite", "check_run", "status", "gitlab", "bitbucket"])
def test_what_ci_says_is_seen_and_one_that_passed_does_not_speak_for_one_that_failed(attempt, looks, source):
    for n, (good, says) in enumerate([(True, "success"), (False, "failure"), (True, "failure")]):
        kind, named, payload = check(attempt.branch, source, good)
        ids = dict.fromkeys(("X-GitHub-Delivery", "Idempotency-Key", "X-Request-UUID"), f"{source}-{n}")
        assert send(kind, named | ids, payload)["state"] == "accepted"
        attempt.refresh_from_db()
        assert (attempt.ci_state, attempt.pr_state) == (says, "open")
    assert len(looks) == 3 and Deployment.objects.count() == 1


def test_another_commit_number_service_or_branch_changes_nothing(attempt, looks, everyone):
    other = Service.objects.create(
        name="other", owner=everyone["ivo"], repository_url=f"{URL}-2", webhook_secret=SECRET
    )
    kind, named, payload = check(attempt.branch, "check_suite", good=False)
    payload["check_suite"]["head_sha"] = "b" * 40
    send(kind, named, payload)
    kind, named, payload = pull_of(attempt.branch, "github", state="closed", merged=True)
    send(kind, named, payload | {"repository": {"html_url": other.repository_url}})
    payload["pull_request"]["number"] = 8
    send(kind, named, payload)
    send(*pull_of("jules/auto-fix-other", "gitlab", state="merged"))
    send(*pull_of("main", "bitbucket", state="MERGED"))
    attempt.refresh_from_db()
    assert (attempt.pr_state, attempt.ci_state) == ("open", "")
    assert sorted(WebhookDelivery.objects.values_list("state", "note")) == [
        ("done", "No pull request of ours."), ("done", "No pull request of ours."),
        ("done", "No pull request of ours."), ("done", "Told 1 fix."),
        ("ignored", "The event 'pullrequest:updated' is not used."),
    ]  # fmt: skip


def test_a_hook_that_deploys_our_branch_is_reported_back(attempt):
    waits = Deployment.objects.create(
        service=attempt.service, origin="hook", status="DEPLOYING", branch=attempt.branch, fixes=attempt.deployment
    )
    about = {"deployment_status": {"state": "success"}, "deployment": {"id": 1, "ref": attempt.branch, "sha": SHA}}
    assert send(*github("deployment_status", about))["state"] == "accepted"
    waits.refresh_from_db()
    assert (waits.status, Deployment.objects.count()) == ("RUNNING", 2)


@pytest.mark.parametrize("junk", [None, 3, "x", [], [3], {}, {"id": []}, True])
def test_nothing_in_a_payload_is_trusted_to_be_there(attempt, junk):
    query = f"?service={attempt.service_id}"
    events = ("pull_request", "workflow_run", "check_suite", "check_run")
    shapes = [("github", {"X-GitHub-Event": name}, {name: junk}) for name in events]
    shapes += [("github", {"X-GitHub-Event": "status"}, {"branches": junk, "state": "success"})]
    shapes += [
        ("gitlab", {}, {"object_kind": kind, "object_attributes": junk}) for kind in ("merge_request", "pipeline")
    ]
    shapes += [("bitbucket", {"X-Event-Key": "x"}, {name: junk}) for name in ("pullrequest", "commit_status")]
    for source, named, payload in shapes:
        assert send(source, named, payload, query)["state"] in ("ignored", "duplicate")
