"""What is older than its kind is kept goes at night; the ledger and the audit log stay whatever is set."""

import json
from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.utils import timezone

from intelligence.logs import logbook
from intelligence.logs.secrets import redactor
from intelligence.models import AnalysisRun, Deployment, Incident, Sample, Service, Status, WebhookDelivery
from providers import retention
from providers.models import AIUsageLog, AuditEntry, IdempotentRequest, Notification
from providers.tasks import forget_old
from senate.models import SenateCall, SenateEvent, SenateSession
from tests.providers.ledger.ledger_kit import attempt, record, reserve

DOCUMENTED = "sessions logs samples analyses incidents deliveries alerts fixes notifications results".split()


@pytest.fixture
def now():
    return timezone.now()


def session(owner, state: str, days_ago: float) -> SenateSession:
    found = SenateSession.objects.create(
        owner=owner, question="Why?", state=state, finished_at=timezone.now() - timedelta(days=days_ago)
    )
    SenateCall.objects.create(session=found, key="propose:0", phase="propose", member=0)
    SenateEvent.objects.create(session=found, n=1, at=timezone.now(), type="created")
    return found


def test_each_kind_is_documented(settings) -> None:
    assert sorted(retention.days()) == sorted(DOCUMENTED)
    text = (settings.BASE_DIR / "docs/retention.md").read_text()
    for kind in retention.kinds():
        assert f"| `{kind.name}` | {kind.what} | {kind.days} |" in text


@pytest.mark.django_db
def test_ended_sessions_go_with_all_that_they_hold_and_open_ones_stay(people, now, settings) -> None:
    settings.RETENTION_DAYS = ["sessions=30"]
    old, young = session(people["ivo"], "done", 31), session(people["ivo"], "failed", 29)
    running = session(people["ivo"], "running", 400)
    assert retention.forget(now)["sessions"] == 1
    assert set(SenateSession.objects.all()) == {young, running}
    assert not SenateCall.objects.filter(session_id=old.pk).exists() and SenateEvent.objects.count() == 2


@pytest.mark.django_db
def test_a_log_goes_but_its_deployment_stays_and_the_running_one_keeps_its_own(people, now) -> None:
    service = Service.objects.create(name="billing", owner=people["ivo"])
    long_ago = {"created_at": now - timedelta(days=200), "finished_at": now - timedelta(days=200)}
    made = {}
    for number, status in enumerate((Status.RUNNING, Status.FAILED, Status.RUNNING)):
        found = Deployment.objects.create(service=service, status=status)
        logbook.append(found.pk, "a line\n", redactor())
        Deployment.objects.filter(pk=found.pk).update(
            **long_ago | {"created_at": now - timedelta(days=200 - number)}
        )
        made[number] = found
    assert retention.forget(now)["logs"] == 2
    left = dict(Deployment.objects.values_list("pk", "log_bytes"))
    assert [bool(left[made[number].pk]) for number in range(3)] == [False, False, True]


@pytest.mark.django_db
def test_only_resolved_incidents_and_ended_analyses_go(people, now) -> None:
    service = Service.objects.create(name="billing", owner=people["ivo"])
    long_ago = now - timedelta(days=400)
    seen = {"service": service, "code": "OOM", "title": "Killed", "first_seen": long_ago, "last_seen": long_ago}
    for state in ("open", "snoozed", "resolved", "dismissed"):
        Incident.objects.create(fingerprint=state, state=state, **seen)
    for state in ("queued", "running", "done", "failed"):
        AnalysisRun.objects.create(service=service, state=state, result={})
    AnalysisRun.objects.update(created_at=long_ago)
    found = retention.forget(now)
    assert (found["incidents"], found["analyses"]) == (1, 2)
    assert set(Incident.objects.values_list("state", flat=True)) == {"open", "snoozed", "dismissed"}
    assert set(AnalysisRun.objects.values_list("state", flat=True)) == {"queued", "running"}


def test_the_night_takes_what_is_due_and_writes_down_what(everyone, now, caplog) -> None:
    held = reserve(everyone["ivo"].pk)
    record(attempt(everyone["ivo"].pk), held)
    service = Service.objects.create(name="billing", owner=everyone["ivo"])
    Sample.objects.create(service=service, at=now - timedelta(days=31))
    for state in ("done", "received"):
        row = WebhookDelivery.objects.create(source="github", service=service, delivery_id=state, state=state)
        WebhookDelivery.objects.filter(pk=row.pk).update(received_at=now - timedelta(days=31))
    Notification.objects.create(event="e", type="t", title="t", text="t", day=now.date(), created_at=now)
    stale = {"created_at": now - timedelta(hours=25), "held_until": now, "fingerprint": "f", "endpoint": "chat"}
    IdempotentRequest.objects.create(user=everyone["ivo"], key="k", **stale)
    found = forget_old()
    assert {name: many for name, many in found.items() if many} == {
        "samples": 1,
        "deliveries": 1,
        "idempotency keys": 1,
    }
    assert WebhookDelivery.objects.get().state == "received" and Notification.objects.exists()
    noted = AuditEntry.objects.filter(action="data.forget").values_list("object_id", "after")
    assert sorted(kind for kind, _ in noted) == ["deliveries", "samples"]
    assert all(json.loads(after)["before"] for _, after in noted)


def test_the_ledger_and_the_audit_log_stay_whatever_is_set(everyone, now, settings) -> None:
    record(attempt(everyone["ivo"].pk), reserve(everyone["ivo"].pk))
    settings.RETENTION_DAYS = [f"{kind.name}={kind.least}" for kind in retention.kinds()]
    before = AIUsageLog.objects.count(), AuditEntry.objects.count()
    retention.forget(now + timedelta(days=3_650))
    assert AIUsageLog.objects.count() == before[0] == 1
    assert AuditEntry.objects.count() >= before[1]
    for model in (AIUsageLog, AuditEntry):
        with pytest.raises(ValueError, match="stay for good"):
            retention.register(retention.Kind("usage", "", 1, lambda _, model=model: model.objects.all()))


@pytest.mark.django_db
def test_0_keeps_a_kind_for_good(people, now, settings) -> None:
    settings.RETENTION_DAYS = ["sessions=0"]
    session(people["ivo"], "done", 5_000)
    assert "sessions" not in retention.forget(now)
    assert SenateSession.objects.exists()


@pytest.mark.parametrize(
    "word", ["usage=30", "sessions", "sessions=-1", "sessions=x", "sessions=99999", "notifications=5"]
)
def test_what_is_no_retention_stops_the_start(settings, word) -> None:
    settings.RETENTION_DAYS = [word]
    assert [one.id for one in run_checks(tags=["security"]) if one.id == "aiops.E010"] == ["aiops.E010"]


@pytest.mark.django_db
def test_many_rows_go_in_short_steps(people, now, monkeypatch, settings) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for _ in range(5):
        session(people["ivo"], "done", 400)
    assert retention.forget(now)["sessions"] == 5
    assert AuditEntry.objects.filter(action="data.forget").count() == 1
