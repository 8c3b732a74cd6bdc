"""Services that run are asked for their health, once a minute by one worker."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from intelligence import tasks
from intelligence.fleet import health_scan
from intelligence.models import Deployment, ServiceHealth
from providers.network import outbound

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def address():
    """A health address; `statuses` holds what it answers next."""

    class Health(BaseHTTPRequestHandler):
        def log_message(self, *_):
            """Quiet."""

        def do_GET(self):
            server.asked += 1
            self.send_response(server.status)
            self.end_headers()
            self.wfile.write(b"it says so")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Health)
    server.asked, server.status = 0, 200
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    outbound.configure([f"127.0.0.1:{server.server_port}"])
    server.url = f"http://127.0.0.1:{server.server_port}/health"
    yield server
    outbound.configure()
    server.shutdown()
    server.server_close()


@pytest.fixture
def running(service, address):
    service.health_url = address.url
    service.save()
    Deployment.objects.create(service=service, status="RUNNING")
    return service


def later():
    ServiceHealth.objects.update(checked_at="2026-01-01T00:00:00Z")


def test_its_health_is_noted_with_since_when(running, address, client, people):
    tasks.check_health()
    first = ServiceHealth.objects.get()
    assert (first.ok, first.words) == (True, "200 it says so")
    later()
    tasks.check_health()
    assert ServiceHealth.objects.get().since == first.since
    address.status = 503
    later()
    tasks.check_health()
    now = ServiceHealth.objects.get()
    assert (now.ok, now.words) == (False, "503 it says so") and now.since > first.since
    client.force_login(people["lee"])
    assert "503 it says so" in client.get(f"/services/{running.pk}/").content.decode()


def test_it_is_asked_once_a_minute_however_many_ask(running, address):
    assert [len(health_scan.due()) for _ in range(3)] == [1, 0, 0]
    tasks.check_health()
    assert address.asked == 0


def test_what_does_not_run_is_not_asked(running, address):
    Deployment.objects.update(status="FAILED")
    tasks.check_health()
    assert address.asked == 0


def test_an_address_that_points_inside_is_refused_in_words(running):
    running.health_url = "http://10.0.0.1/health"
    running.save()
    tasks.check_health()
    found = ServiceHealth.objects.get()
    assert found.ok is False and "private" in found.words
