"""The service's own hook, called over HTTP."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from intelligence.deployer.desk import DESK
from intelligence.fleet import deployments
from intelligence.logs import logbook
from intelligence.models import Service
from providers.network import outbound
from providers.runtime import loop
from tests.intelligence.deployer.conftest import logged

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "hook-key-7f6e5d4c3b2a"


@pytest.fixture
def host():
    """`host.answers`: path -> status; `host.asked`: (method, path, body)."""
    answers, asked = {"/health": [503, 200], "/hook": [202]}, []

    class Host(BaseHTTPRequestHandler):
        def log_message(self, *_):
            """Quiet."""

        def _answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            asked.append((self.command, self.path, json.loads(body or b"null")))
            statuses = answers[path]
            status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(f"it says {status}".encode())

        do_GET = do_POST = _answer  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    server.url, server.answers, server.asked = f"http://127.0.0.1:{server.server_port}", answers, asked
    outbound.configure([f"127.0.0.1:{server.server_port}"])
    yield server
    outbound.configure()
    server.shutdown()
    server.server_close()


@pytest.fixture
def service(everyone, host):
    hook = f"{host.url}/hook?key={KEY}"
    return Service.objects.create(name="web", owner=everyone["ivo"], deployer="hook", deploy_hook_url=hook)


def log_of(deployment):
    return b"".join(logbook.stream(deployment)).decode()


def test_the_hook_is_called_once_and_health_decides_where_nobody_reports(service, host, deployed):
    Service.objects.update(health_url=f"{host.url}/health")
    made = deployed(service, commit="a41f9c2")
    assert made.status == "RUNNING"
    calls = [call for call in host.asked if call[0] == "POST"]
    assert calls == [
        ("POST", f"/hook?key={KEY}", {"deployment": str(made.pk), "branch": "main", "commit": "a41f9c2"})
    ]
    assert "503 it says 503" in log_of(made) and "200 it says 200" in log_of(made)
    assert KEY not in log_of(made) + made.reason


def test_a_health_address_that_stays_bad_is_quoted(service, host, deployed):
    host.answers["/health"] = [500]
    Service.objects.update(health_url=f"{host.url}/health")
    made = deployed(service)
    assert made.status == "FAILED" and made.failed_in == "HEALTH_CHECK"
    assert made.reason == f"{host.url}/health did not become healthy: 500 it says 500"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (302, "The deploy hook answered 302 (redirects are not followed)."),
        (500, "The deploy hook answered 500."),
    ],
)
def test_a_hook_that_refuses_fails_it_without_its_key(service, host, deployed, status, reason):
    host.answers["/hook"] = [status]
    made = deployed(service)
    assert (made.status, made.reason) == ("FAILED", reason) and KEY not in log_of(made)


def test_a_hook_that_points_inside_is_refused_without_its_key(service, deployed):
    service.deploy_hook_url = f"http://10.0.0.1/hook?key={KEY}"
    service.save()
    made = deployed(service)
    assert made.status == "FAILED" and "may not be called" in made.reason and KEY not in made.reason


@pytest.mark.parametrize("status", ["RUNNING", "FAILED"])
def test_it_waits_for_what_its_host_reports(service, everyone, nudged, status):
    made = deployments.queue(service, everyone["ivo"])

    async def go():
        assert await DESK.take(made.pk)
        await logged(made, "Waiting for its host")
        await asyncio.to_thread(deployments.reported, made, status, "It said so.")
        await DESK.done(made.pk)

    loop.run(go(), 20)
    made.refresh_from_db()
    assert made.status == status and made.claimed_by == ""
