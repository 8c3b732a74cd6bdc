"""Samples over HTTP, in and out."""

from datetime import timedelta

import pytest
from django.utils import timezone

from intelligence import tasks
from intelligence.fleet import samples
from intelligence.models import Sample
from providers.network import outbound
from providers.runtime import clock
from tests.fakes.prometheus import running

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(service):
    return f"/api/v1/services/{service.pk}/samples/"


def test_samples_are_taken_once_a_moment(as_user, url):
    at = (timezone.now() - timedelta(minutes=5)).isoformat()
    ivo = as_user("ivo")
    assert ivo.post(url, {"cpu_percent": 12.5, "at": at}, format="json").json() == {"taken": 1}
    many = {"samples": [{"cpu_percent": 15, "at": at}, {"memory_bytes": 10**9, "memory_limit_bytes": 2 * 10**9}]}
    assert ivo.post(url, many, format="json").json() == {"taken": 2}
    assert sorted(Sample.objects.values_list("cpu_percent", "memory_bytes"), key=str) == [
        (15.0, None),
        (None, 10**9),
    ]
    told = ivo.get(url).json()
    assert told["samples"] == 2 and told["newest"]["memory_bytes"] == 10**9 and told["findings"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"samples": []}, "samples"),
        ({"samples": "x"}, "samples"),
        ({"samples": [{"restarts": 1}, {"restarts": 1, "colour": "red"}]}, "samples[1].colour"),
        ({"samples": [{}]}, "samples[0]"),
        ({"cpu_percent": "much"}, "cpu_percent"),
        ({"cpu_percent": -1}, "cpu_percent"),
        ({"cpu_percent": 1e308}, "cpu_percent"),
        ({"memory_bytes": 2**70}, "memory_bytes"),
        ({"at": "yesterday", "restarts": 1}, "at"),
        ({"at": "2026-11-21T00:00:00Z"}, None),
        ({"samples": [{"restarts": 1}] * 1_001}, "samples"),
        ({"restarts": 1, "colour": "red"}, "colour"),
    ],
)
def test_what_is_no_sample_is_refused_and_its_field_named(as_user, url, body, field):
    answer = as_user("ivo").post(url, body, format="json")
    error = answer.json()["error"]
    assert answer.status_code == 400 and error["param"] == field
    assert error["message"].startswith(f"{field}: " if field else "A sample")
    assert not Sample.objects.exists()


def test_readers_may_read_and_not_write(as_user, url):
    assert as_user("lee").get(url).status_code == 200
    assert as_user("lee").post(url, {"restarts": 1}, format="json").status_code == 403


def test_a_crash_loop_is_found_and_stands_on_the_services_page(as_user, service, url, client, people):
    now = timezone.now()
    rows = [{"restarts": n // 2, "at": (now - timedelta(minutes=20 - n)).isoformat()} for n in range(20)]
    as_user("ivo").post(url, {"samples": rows}, format="json")
    [found] = as_user("ivo").get(url).json()["findings"]
    assert found["code"] == "CRASH_LOOP" and "restarts within 15 minutes" in found["sentence"]
    client.force_login(people["lee"])
    assert found["sentence"] in client.get(f"/services/{service.pk}/").content.decode()


@pytest.fixture
def prometheus(settings):
    with running() as fake:
        settings.PROMETHEUS_URL = fake.url
        outbound.configure([fake.url.removeprefix("http://")])
        yield fake
    outbound.configure()


@pytest.mark.django_db(transaction=True)
def test_samples_are_pulled_from_prometheus_once_a_minute(service, prometheus, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)  # else the minute may turn between the pulls
    prometheus.values = {"cpu_usage": "37.5", "working_set": "500000000", "restarts_total": "4"}
    tasks.pull_samples()
    tasks.pull_samples()
    found = Sample.objects.get()
    assert (found.cpu_percent, found.memory_bytes, found.restarts, found.oom_kills) == (37.5, 500_000_000, 4, None)
    assert 'container="checkout-api"' in prometheus.asked[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"x"), (200, b"<html>"), (200, b'{"data": {"result": [{}]}}'), (200, b'{"data": []}'), (302, b"")],
)
def test_a_prometheus_that_answers_badly_is_logged_and_nothing_is_kept(service, prometheus, caplog, status, body):
    prometheus.status, prometheus.body = status, body
    tasks.pull_samples()
    assert not Sample.objects.exists() and "Prometheus" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_what_prometheus_does_not_know_is_no_sample(service, prometheus):
    prometheus.values = {"cpu_usage": "NaN"}
    tasks.pull_samples()
    assert not Sample.objects.exists()


def test_without_an_address_nothing_is_asked(service, settings):
    settings.PROMETHEUS_URL = ""
    tasks.pull_samples()
    assert not Sample.objects.exists()


def test_a_name_cannot_leave_its_query():
    assert samples.label('x"} or up{a="') == 'x\\"} or up{a=\\"'
