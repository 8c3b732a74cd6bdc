"""Incidents: one row for the same failure, its history, decisions that hold, and the periodic look."""

from datetime import timedelta

import pytest
from django.utils import timezone

from intelligence.analysis import incidents
from intelligence.analysis.incidents import Sight
from intelligence.fleet import scans
from intelligence.logs import logbook
from intelligence.logs.secrets import redactor
from intelligence.models import Alert, AnalysisRun, Deployment, Incident, Sample, ServiceHealth, ServiceScan
from providers import retention
from tests.intelligence.test_analyze_api import LOG

pytestmark = pytest.mark.django_db
SIGHT = Sight("MISSING_MODULE", "No module named x.", "x", "medium", ("MISSING_MODULE",))


def test_the_same_failure_is_counted_in_one_row_whatever_its_numbers(service):
    for pid in (17, 4242):
        found, anew = incidents.note(service, Sight("OOM_KILLED", "Killed.", f"process {pid} at 0x{pid:x}"))
        assert anew == (pid == 17)
    assert (found.count, Incident.objects.count()) == (2, 1)


def test_a_dismissed_one_stays_dismissed_until_it_changes_and_then_says_how(service, people):
    found, _ = incidents.note(service, SIGHT)
    incidents.decide(people["ivo"], found.pk, "dismissed", "known")
    again, anew = incidents.note(service, SIGHT)
    assert (again.state, anew, again.count) == ("dismissed", False, 2)
    worse, anew = incidents.note(
        service, Sight("MISSING_MODULE", "…", "x", "high", ("MISSING_MODULE", "DISK_FULL"))
    )
    assert (worse.state, anew) == ("open", True) and "high" in worse.changed


def test_a_resolved_one_that_comes_back_is_a_regression(service, people):
    found, _ = incidents.note(service, SIGHT)
    incidents.decide(people["ivo"], found.pk, "resolved")
    again, anew = incidents.note(service, SIGHT)
    assert (again.state, again.regressions, anew) == ("open", 1, True)


def test_one_bad_service_cannot_make_more_than_a_bounded_number(service, monkeypatch):
    monkeypatch.setattr(incidents, "MOST_A_SERVICE", 3)
    for word in "abcdefgh":
        incidents.note(service, Sight("ALERT", word, word * 3))
    assert Incident.objects.count() == 4
    assert Incident.objects.get(code=incidents.TOO_MANY).count == 5


def test_a_dismissal_needs_a_reason_and_a_viewer_decides_nothing(service, as_user):
    found, _ = incidents.note(service, SIGHT)
    url = f"/api/v1/incidents/{found.pk}/"
    assert as_user("ivo").patch(url, {"state": "dismissed"}, format="json").json()["error"]["param"] == "why"
    assert as_user("lee").patch(url, {"state": "resolved"}, format="json").status_code == 403
    assert as_user("ivo").patch(url, {"state": "snoozed"}, format="json").json()["state"] == "snoozed"


@pytest.mark.parametrize("query", ["state=odd", "severity=odd", "service=odd", "service=%00"])
def test_a_filter_that_cannot_be_is_refused(as_user, query):
    assert as_user("ivo").get(f"/api/v1/incidents/?{query}").status_code == 400


def running(service, text):
    deployment = Deployment.objects.create(service=service, status="RUNNING")
    logbook.append(deployment.pk, text, redactor())
    return deployment


def due_again():
    ServiceScan.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_scan_reads_only_what_a_running_log_has_gained_and_explains_a_new_incident_once(service):
    deployment = running(service, "ready\n" + LOG)
    assert scans.scan(service.pk) is True
    due_again()
    scans.scan(service.pk)
    incident = Incident.objects.get()
    assert incident.count == 1 and AnalysisRun.objects.get().incident == incident
    logbook.append(deployment.pk, LOG, redactor())
    due_again()
    scans.scan(service.pk)
    incident.refresh_from_db()
    assert incident.count == 2 and AnalysisRun.objects.count() == 1


def test_one_scan_of_a_service_at_a_time_and_a_missed_tick_is_not_repeated(service):
    scans.scan(service.pk)
    assert scans.scan(service.pk) is False and service.pk not in scans.due()
    ServiceScan.objects.update(due_at=None, claim="another", claim_until=timezone.now() + timedelta(minutes=1))
    assert scans.scan(service.pk) is False
    ServiceScan.objects.update(claim_until=timezone.now() - timedelta(seconds=1))
    assert scans.scan(service.pk) is True


def test_an_alert_is_counted_once_however_often_it_is_looked_at(service):
    Alert.objects.create(service=service, fingerprint="f", name="HighLatency", severity="critical",
                         summary="p99 is 4 s", started_at=timezone.now() - timedelta(minutes=5))  # fmt: skip
    for _ in range(3):
        scans.scan(service.pk)
        due_again()
    found = Incident.objects.get()
    assert (found.code, found.severity, found.count, found.title) == ("ALERT", "high", 1, "p99 is 4 s")


def test_bad_health_is_one_incident_an_outage_and_recovers_by_itself(service):
    now = timezone.now()
    health = ServiceHealth.objects.create(service=service, ok=False, words="503", since=now, checked_at=now)
    scans.scan(service.pk)
    assert not Incident.objects.exists()
    for minutes in (2, 3):
        ServiceHealth.objects.update(since=now - timedelta(minutes=minutes))
        due_again()
        scans.scan(service.pk)
    found = Incident.objects.get()
    assert (found.code, found.count, found.state) == ("HEALTH_CHECK_FAILED", 1, "open") and "503" in found.title
    health.ok = True
    health.save()
    due_again()
    scans.scan(service.pk)
    found.refresh_from_db()
    assert found.state == "resolved"


def test_what_the_samples_say_is_an_incident_counted_once_an_hour(service):
    now = timezone.now()
    for minute in range(30):
        Sample.objects.create(service=service, at=now - timedelta(minutes=minute), cpu_percent=97.0)
    for _ in range(2):
        scans.scan(service.pk)
        due_again()
    found = Incident.objects.get(code="SUSTAINED_CPU")
    assert found.count == 1 and "97" in found.title


def test_old_rows_go_and_quiet_incidents_are_resolved(service):
    found, _ = incidents.note(service, SIGHT, timezone.now() - timedelta(days=8))
    run = AnalysisRun.objects.create(state="failed")
    AnalysisRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(days=91))
    scans.resolve_quiet()
    retention.forget(timezone.now())
    found.refresh_from_db()
    assert found.state == "resolved" and not AnalysisRun.objects.exists()


def test_old_logs_go_and_what_their_deployments_were_stays(service):
    old, young = (Deployment.objects.create(service=service, status="FAILED", summary="Failed.") for _ in range(2))
    running = Deployment.objects.create(service=service, status="BUILDING")
    for one in (old, young, running):
        logbook.append(one.pk, "boom\n", redactor())
    long_ago = timezone.now() - timedelta(days=91)
    Deployment.objects.filter(pk__in=[old.pk, running.pk]).update(created_at=long_ago)
    Deployment.objects.filter(pk=old.pk).update(finished_at=long_ago)
    Deployment.objects.filter(pk=young.pk).update(finished_at=timezone.now())
    retention.forget(timezone.now())
    kept = dict(Deployment.objects.values_list("pk", "log_lines"))
    assert kept == {old.pk: 0, young.pk: 1, running.pk: 1}
    old.refresh_from_db()
    assert old.summary == "Failed." and b"".join(logbook.stream(old)) == b""
