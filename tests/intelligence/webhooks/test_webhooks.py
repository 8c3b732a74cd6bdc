"""Webhooks over HTTP: signed as each source signs, once each, refused in words."""

import base64
import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from rest_framework.test import APIClient

from intelligence import nudges, tasks
from intelligence.logs import logbook
from intelligence.models import Alert, Deployment, Service, WebhookDelivery, WebhookRefusal

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "webhook-secret-0a1b2c3d"
SHA = "a41f9c2e5b6d7f8091a2b3c4d5e6f708192a3b4c"
URL = "https://github.example.org/team/checkout.git"


@pytest.fixture
def service(everyone):
    return Service.objects.create(
        name="checkout", owner=everyone["ivo"], repository_url=URL, webhook_secret=SECRET, deployer="none"
    )


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Deliveries are worked on as soon as they are nudged."""
    monkeypatch.setattr(nudges, "delivery", lambda pk: tasks.handle_delivery(str(pk)))


def mac(kind, body, secret=SECRET):
    return hmac.new(secret.encode(), body, kind).hexdigest()


def signed(source, payload, named="id-1", secret=SECRET, at=None):
    """(body, headers) as the source would send it."""
    body = json.dumps(payload).encode()
    stamp = str(int(at or time.time()))
    standard = base64.b64encode(
        hmac.new(secret.encode(), f"{named}.{stamp}.".encode() + body, hashlib.sha256).digest()
    ).decode()
    headers = {
        "github": {"X-Hub-Signature-256": "sha256=" + mac("sha256", body, secret), "X-GitHub-Delivery": named},
        "gitlab": {"X-Gitlab-Token": secret, "Idempotency-Key": named},
        "vercel": {"X-Vercel-Signature": mac("sha1", body, secret)},
        "alertmanager": {"Authorization": f"Bearer {secret}"},
    }.get(source) or {"Webhook-Id": named, "Webhook-Timestamp": stamp, "Webhook-Signature": f"v1,x v1,{standard}"}
    return body, headers


def post(source, body, headers, query=""):
    return APIClient().post(
        f"/api/v1/webhooks/{source}/{query}", data=body, content_type="application/json", headers=headers
    )


def github(state="failure", number=1, ref="main", **more):
    return {
        "action": "created",
        "deployment_status": {"state": state, "description": "It broke.", "log_url": ""},
        "deployment": {"id": number, "sha": SHA, "ref": ref, "environment": "production"},
        "repository": {"clone_url": URL.upper(), "html_url": URL.removesuffix(".git")},
        **more,
    }


def run(conclusion="failure", branch="main"):
    about = {
        "id": 9,
        "conclusion": conclusion,
        "head_sha": SHA,
        "head_branch": branch,
        "run_attempt": 1,
        "name": "CI",
    }
    return {"action": "completed", "workflow_run": about, "repository": {"html_url": URL}}


def gitlab(status="failed"):
    return {
        "object_kind": "pipeline",
        "object_attributes": {"id": 31, "ref": "main", "sha": SHA, "status": status},
        "project": {"git_http_url": URL},
        "builds": [{"name": "test", "stage": "test", "status": "failed", "failure_reason": "script_failure"}],
    }


def vercel(kind="deployment.error"):
    meta = {"githubCommitSha": SHA, "githubCommitRef": "main"}
    return {
        "id": "evt-1",
        "type": kind,
        "payload": {"deployment": {"id": "dpl_1", "name": "Checkout", "meta": meta}, "target": "production"},
    }


def render(kind="deploy_ended", status="failed"):
    return {"type": kind, "data": {"id": "evt-1", "serviceName": "checkout", "status": status}}


GENERIC = {"service": "checkout", "status": "FAILED", "commit": SHA, "branch": "main", "log": "boom\n"}


def headers_of(source, payload):
    kinds = {"deployment_status": "deployment_status", "workflow_run": "workflow_run"}
    event = next((name for key, name in kinds.items() if key in payload), "")
    return {"X-GitHub-Event": event} if source == "github" else {}


def send(source, payload, named="id-1", query="", **how):
    body, headers = signed(source, payload, named, **how)
    return post(source, body, {**headers, **headers_of(source, payload)}, query)


@pytest.mark.parametrize(
    ("source", "payload", "status", "reason"),
    [
        ("github", github(), "FAILED", "It broke."),
        ("github", github("success"), "RUNNING", ""),
        ("github", github("in_progress"), "BUILDING", ""),
        ("github", run("timed_out"), "FAILED", "Workflow CI ended with timed_out."),
        ("gitlab", gitlab(), "FAILED", "test (test): script_failure"),
        ("gitlab", gitlab("canceled"), "CANCELLED", ""),
        ("vercel", vercel(), "FAILED", ""),
        ("vercel", vercel("deployment.succeeded"), "RUNNING", ""),
        ("render", render(), "FAILED", "Render: deploy_ended failed."),
        ("generic", GENERIC, "FAILED", ""),
    ],
)
def test_each_source_makes_a_deployment(service, source, payload, status, reason):
    answer = send(source, payload)
    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")
    made = Deployment.objects.get()
    assert (made.status, made.origin, made.reason) == (status, source, reason)
    assert made.commit in (SHA, "") and made.service == service


def test_a_log_that_comes_with_it_is_kept(service):
    send("generic", GENERIC)
    assert b"".join(logbook.stream(Deployment.objects.get())) == b"boom\n"


@pytest.mark.parametrize(
    ("source", "payload"), [("github", github()), ("gitlab", gitlab()), ("vercel", vercel()), ("generic", GENERIC)]
)
def test_ten_times_the_same_delivery_makes_one_deployment(service, source, payload):
    states = [send(source, payload).json()["state"] for _ in range(10)]
    assert states == ["accepted"] + ["duplicate"] * 9 and Deployment.objects.count() == 1


def test_ten_at_the_same_moment_make_one_too(service):
    from django.db import connection

    def once(_):
        try:
            return send("github", github()).json()["state"]
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        states = sorted(pool.map(once, range(10)))
    assert states == ["accepted"] + ["duplicate"] * 9 and Deployment.objects.count() == 1


def test_one_failure_that_is_told_in_two_events_is_one_deployment(service):
    send("github", run(), "a")
    send("github", github(), "b")
    assert Deployment.objects.count() == 1


def test_later_statuses_move_the_same_deployment(service):
    for n, state in enumerate(("queued", "in_progress", "success")):
        send("github", github(state), str(n))
    made = Deployment.objects.get()
    assert made.status == "RUNNING" and made.started_at and made.finished_at
    send("github", github("in_progress"), "late")
    assert Deployment.objects.get().status == "RUNNING"
    assert "can't become" in WebhookDelivery.objects.get(delivery_id="late").note


def test_a_report_ends_the_deployment_whose_hook_was_called(service):
    waiting = Deployment.objects.create(service=service, origin="hook", status="DEPLOYING")
    send("render", render(status="succeeded"))
    waiting.refresh_from_db()
    assert waiting.status == "RUNNING" and Deployment.objects.count() == 1


def test_branches_of_our_own_fixes_make_no_deployment(service):
    answer = send("github", github(ref="jules/auto-fix-7"))
    assert answer.json() == {"state": "ignored", "note": "A branch of our own fixes."}
    assert send("github", run(branch="jules/auto-fix-7"), "id-2").json()["state"] == "accepted"
    assert not Deployment.objects.exists()


@pytest.mark.parametrize("source", ["github", "gitlab", "vercel", "render", "alertmanager", "generic"])
def test_unsigned_and_wrongly_signed_ones_are_refused_and_counted(service, source):
    payload = {"github": github(), "gitlab": gitlab(), "vercel": vercel(), "render": render()}.get(source, GENERIC)
    body, headers = signed(source, payload, secret="another-secret-000000")
    query = f"?service={service.pk}"
    wrong = post(source, body, headers, query)
    names = ("X-Hub-Signature-256", "X-Gitlab-Token", "X-Vercel-Signature", "Webhook-Signature", "Authorization")
    bare = post(source, body, {k: v for k, v in headers.items() if k not in names}, query)
    assert [a.status_code for a in (wrong, bare)] == [401, 401]
    assert [a.json()["error"]["code"] for a in (wrong, bare)] == ["wrong_signature", "unsigned"]
    assert dict(WebhookRefusal.objects.values_list("code", "count")) == {"wrong_signature": 1, "unsigned": 1}
    assert not WebhookDelivery.objects.exists()


def test_a_changed_body_does_not_fit_its_signature(service):
    body, headers = signed("github", github())
    assert post("github", body.replace(b"main", b"evil"), headers).status_code == 401


@pytest.mark.parametrize("away", [-301, 600])
def test_a_replayed_one_is_stale(service, away):
    answer = send("generic", GENERIC, at=time.time() + away)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "stale")


def test_a_body_that_is_too_large_or_no_json_is_refused(service):
    assert send("generic", {"log": "x" * 2_200_000}).json()["error"]["code"] == "too_large"
    for raw in (b"", b"[]", b"{", b"[" * 100_000, b'{"a": "\\ud800"}'):
        mark = "sha256=" + mac("sha256", raw)
        answer = post("github", raw, {"X-Hub-Signature-256": mark}, f"?service={service.pk}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_json")


def test_an_unknown_service_is_told_only_to_who_knows_the_sites_secret(service, settings):
    Service.objects.update(repository_url="", name="other")
    assert send("github", github()).status_code == 401
    settings.WEBHOOK_SECRETS = {"github": SECRET}
    answer = send("github", github())
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_service")
    assert send("github", github(), query=f"?service={service.pk}").status_code == 202
    assert send("github", github(), query="?service=nonsense").status_code == 404


def test_an_unknown_source_is_not_found(service):
    assert post("gopher", b"{}", {}).status_code == 404


def test_alerts_are_kept_once_and_a_loud_one_fails_what_runs(service):
    running = Deployment.objects.create(service=service, status="RUNNING")
    one = {
        "status": "firing",
        "fingerprint": "f1",
        "labels": {"alertname": "HighErrorRate", "severity": "critical"},
        "annotations": {"summary": "12 % of requests fail."},
        "startsAt": "2026-11-21T10:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
    }
    payload = {"version": "4", "status": "firing", "commonLabels": {"service": "checkout"}, "alerts": [one]}
    assert [send("alertmanager", payload).json()["state"] for _ in range(2)] == ["accepted", "duplicate"]
    running.refresh_from_db()
    assert (running.status, running.reason) == ("FAILED", "Alert HighErrorRate fired: 12 % of requests fail.")
    payload["alerts"] = [{**one, "status": "resolved", "endsAt": "2026-11-21T10:05:00Z"}]
    send("alertmanager", payload)
    assert Alert.objects.get().ended_at.minute == 5


@pytest.mark.parametrize("junk", [None, 3, "x", [], {}, {"id": []}])
def test_nothing_in_a_payload_is_trusted_to_be_there(service, junk):
    shapes = {
        "github": {"deployment_status": junk, "deployment": junk},
        "gitlab": {"object_kind": "pipeline", "object_attributes": junk, "builds": junk},
        "vercel": {"type": "deployment.error", "payload": junk},
        "render": {"type": "deploy_ended", "data": junk},
        "alertmanager": {"alerts": [junk], "commonLabels": junk},
        "generic": {"status": junk, "commit": junk, "log": junk},
    }
    for n, (source, payload) in enumerate(shapes.items()):
        assert send(source, payload, f"junk-{n}", f"?service={service.pk}").status_code == 202


def test_a_delivery_whose_nudge_was_lost_is_taken_up_again(service, monkeypatch):
    lost = []
    monkeypatch.setattr(nudges, "delivery", lost.append)
    send("generic", GENERIC)
    WebhookDelivery.objects.update(received_at="2026-11-20T00:00:00Z")
    lost.clear()
    tasks.sweep_deliveries()
    assert lost == [WebhookDelivery.objects.get().pk]
    tasks.handle_delivery(str(lost[0]))
    tasks.handle_delivery(str(lost[0]))
    assert Deployment.objects.count() == 1
