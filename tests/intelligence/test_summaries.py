"""Ended deployments in a few sentences."""

from datetime import timedelta

import pytest
from django.utils import timezone

from intelligence import analyst
from intelligence.analysis import runs, summaries
from intelligence.fleet import deployments
from intelligence.models import Deployment
from tests.intelligence.test_analyze_api import LOG

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture
def ended(service):
    """A deployment that ended so many hours ago after so many seconds."""

    def make(status, hours_ago, seconds, commit, **more):
        begin = NOW - timedelta(hours=hours_ago)
        at = {"started_at": begin, "finished_at": begin + timedelta(seconds=seconds)}
        one = Deployment.objects.create(service=service, status=status, commit=commit, **at, **more)
        Deployment.objects.filter(pk=one.pk).update(created_at=begin)
        one.refresh_from_db()
        return one

    return make


def told(one):
    summaries.write_waiting()
    one.refresh_from_db()
    return one.summary


def test_one_that_runs_says_how_long_it_took_and_what_was_before_it(ended):
    for hours in (9, 8, 7):
        ended("RUNNING", hours, 60, "a" * 8)
    ended("FAILED", 6, 10, "b" * 8)
    built = NOW - timedelta(hours=1) + timedelta(seconds=50)
    one = ended("RUNNING", 1, 150, "c" * 8, deploying_at=built)
    assert told(one) == (
        "Runs after 2:30, 0:50 of it building. The first to run after 1 failure. "
        "It took 2.5 times as long as usual (1:00)."
    )


def test_a_failure_names_its_cause_its_line_and_the_last_that_ran(service, ended):
    ran = ended("RUNNING", 9, 60, "a" * 8)
    ended("FAILED", 5, 60, "b" * 8)
    made = deployments.report(service, None, "BUILDING", LOG)
    made = deployments.advance(made.pk, "FAILED", "The build command ended with exit code 1.")
    assert told(made) == "", "its analysis is waited for"
    analyst.perform(runs.for_failure(made).pk)
    text = told(made)
    assert "MISSING_MODULE (line 5): " in text and "requests_oauthlib" in text and "in BUILDING" in text
    assert f"It is failure 2 in a row. Last to run: aaaaaaaa of {ran.created_at:%b %-d, %H:%M} UTC." in text


def test_a_failure_that_nobody_explains_is_told_after_a_while_and_again_once_it_is_explained(service):
    made = deployments.report(service, None, "FAILED")
    Deployment.objects.update(reason="It broke.", finished_at=NOW - timedelta(minutes=3))
    assert "It broke." in told(made)
    summaries.anew(made.pk)
    Deployment.objects.update(reason="It broke twice.")
    assert "It broke twice." in told(made)
    assert summaries.write_waiting() == 0


def test_a_cancelled_one_and_the_week_of_a_service(service, ended):
    one = ended("CANCELLED", 2, 10, "d" * 8, failed_in="BUILDING", reason="Cancelled by Mara.")
    assert told(one) == "Cancelled in BUILDING after 0:10. Cancelled by Mara."
    ended("RUNNING", 3, 3_725, "e" * 8)
    week = summaries.week_of(service.pk)
    assert week["sentence"] == "2 deployments ended in seven days: 1 ran, half of them within 1:02:05, 0 failed."
    Deployment.objects.all().delete()
    assert summaries.week_of(service.pk) is None


def test_page_and_api_show_it(as_user, service, ended):
    one = ended("CANCELLED", 2, 10, "d" * 8, failed_in="QUEUED")
    summaries.write(one)
    words = "Cancelled in QUEUED after 0:10."
    assert as_user("lee").get(f"/api/v1/deployments/{one.pk}/").json()["summary"] == words
    for path in (f"/deployments/{one.pk}/", f"/services/{service.pk}/"):
        assert words in as_user("lee").get(path, HTTP_ACCEPT="text/html").content.decode()
