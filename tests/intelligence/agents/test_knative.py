"""The Knative backend against the function as its own runtime serves it, over HTTP; and against ones that lie."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from intelligence.agents import code_runner, executor
from providers.exceptions import AIServiceError, InvalidInput, NotConfigured, UpstreamError
from providers.network import outbound
from providers.runtime import loop
from tests.intelligence.deployer.conftest import needs_sandbox

ROOT = Path(__file__).resolve().parents[3]
FUNCTION = ROOT / "docs" / "deploy" / "knative" / "function.py"


@pytest.fixture(scope="module")
def function():
    """The executor in a process of its own, started as its image starts it; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LISTEN_ADDRESS": f"127.0.0.1:{port}"}
    process = subprocess.Popen([sys.executable, str(FUNCTION)], env=environment, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        until_ready(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def until_ready(url, process):
    """Asks as the cluster does; its self-test has to pass first."""
    wait = threading.Event()
    for _ in range(600):
        assert process.poll() is None, "the function ended"
        try:
            if urllib.request.urlopen(f"{url}/health/readiness", timeout=5).status == 200:
                return
        except (urllib.error.HTTPError, OSError):
            wait.wait(0.05)
    raise AssertionError("the function was not ready within 30 s")


@pytest.fixture
def knative(settings):
    """Points the site at an executor."""
    kept = outbound.guard().entries

    def at(url):
        settings.SANDBOX_BACKEND, settings.KNATIVE_EXECUTOR_URL = "knative", url
        outbound.configure([*kept, url.removeprefix("http://")])

    yield at
    outbound.configure(kept)


def run(language, code):
    return loop.run(code_runner.run(language, code), 60)


@needs_sandbox
def test_a_snippet_goes_as_an_event_and_its_end_comes_back(function, knative):
    knative(function)
    done = run("python", "import os, sys\nprint('öde', os.getuid())\nsys.exit(4)")
    assert done == {"exit_code": 4, "stdout": "öde 65534\n", "stderr": "", "killed_by": None}
    assert run("shell", "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done")["killed_by"] == "output"


@needs_sandbox
def test_the_pod_is_as_closed_as_the_console(function, knative):
    knative(function)
    code = (
        "import socket\ntry: socket.create_connection(('127.0.0.1', 80), 2)\nexcept OSError as e: print(e.errno)"
    )
    assert run("python", code)["stdout"] == "111\n"  # the sandbox's own loopback, where nobody listens
    assert "LISTEN_ADDRESS" not in run("shell", "cat /proc/*/environ; env")["stdout"]


@needs_sandbox
def test_binary_and_structured_events_are_taken_and_others_refused(function):
    data = json.dumps({"language": "shell", "code": "echo hi"}).encode()
    ce = {"ce-specversion": "1.0", "ce-id": "7", "ce-source": "/t", "ce-type": executor.ASKED}
    for headers, body, status, kind in (
        ({**ce, "Content-Type": "application/json"}, data, 200, executor.DONE),
        ({**ce, "ce-type": "other", "Content-Type": "application/json"}, data, 400, executor.REFUSED),
        ({**ce, "Content-Type": "application/json"}, b'{"language": "ruby", "code": "1"}', 400, executor.REFUSED),
        ({**ce, "Content-Type": "application/json"}, b"[1]", 400, executor.REFUSED),
        ({"Content-Type": "application/json"}, data, 400, None),
    ):
        request = urllib.request.Request(function, body, headers, method="POST")
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        assert answer.status == status, (headers, answer.read())
        if kind:
            event = json.loads(answer.read())
            assert (event["type"], event["subject"]) == (kind, "7")


def test_an_executor_whose_sandbox_does_not_hold_is_not_ready_and_runs_nothing():
    function = executor.new()
    function.off = "The sandbox: network: it could connect"
    assert function.ready() == (False, "The sandbox: network: it could connect") and function.alive()[0]
    kind, data, status = asyncio.run(function._answer(executor.ASKED, {"language": "shell", "code": "id"}))
    assert (kind, data["code"], status) == (executor.REFUSED, "sandbox_off", 503)


def event(subject, kind=executor.DONE, **data):
    result = {"exit_code": 0, "stdout": "", "stderr": "", "killed_by": None} | data
    return {"specversion": "1.0", "id": "1", "source": "/x", "type": kind, "subject": subject, "data": result}


LIES = {
    "no event": (200, lambda asked: b"<html>", UpstreamError, "without an event"),
    "a list": (200, lambda asked: b"[]", UpstreamError, "without an event"),
    "another's answer": (200, lambda asked: event("other"), UpstreamError, "something else"),
    "no data": (200, lambda asked: event(asked["id"]) | {"data": "x"}, UpstreamError, "something else"),
    "a strange killer": (
        200,
        lambda asked: event(asked["id"], killed_by="aliens"),
        UpstreamError,
        "can't be used",
    ),
    "a text for a code": (200, lambda asked: event(asked["id"], exit_code="0"), UpstreamError, "can't be used"),
    "true for a code": (200, lambda asked: event(asked["id"], exit_code=True), UpstreamError, "can't be used"),
    "no output": (200, lambda asked: event(asked["id"], stdout=None), UpstreamError, "can't be used"),
    "off": (
        503,
        lambda asked: event(asked["id"], executor.REFUSED, code="sandbox_off", message="no bwrap"),
        NotConfigured,
        "can't be run here: no bwrap",
    ),
    "refused": (400, lambda asked: event(asked["id"], executor.REFUSED, message="No."), InvalidInput, "No."),
}


@pytest.fixture(scope="module")
def liar():
    class Handler(BaseHTTPRequestHandler):
        lie = None

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, make = Handler.lie
            made = make(asked)
            body = made if isinstance(made, bytes) else json.dumps(made).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *given):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", Handler
    server.shutdown()
    server.server_close()


def test_an_executor_that_lies_is_not_believed(knative, liar):
    url, handler = liar
    knative(url)
    for name, (status, make, kind, said) in LIES.items():
        handler.lie = (status, make)
        with pytest.raises(kind, match=said.replace(".", r"\.")):
            run("shell", "id")
        assert name
    handler.lie = (200, lambda asked: event(asked["id"], stdout="x" * 100_000))
    assert len(run("shell", "id")["stdout"]) == 32_768


def test_an_address_that_is_not_opened_or_not_there_is_said(settings, knative):
    settings.SANDBOX_BACKEND, settings.KNATIVE_EXECUTOR_URL = "knative", "http://127.0.0.1:9"
    with pytest.raises(AIServiceError) as refused:
        run("shell", "id")
    assert "127.0.0.1" in refused.value.message or "not allowed" in refused.value.message
    knative("http://127.0.0.1:9")
    with pytest.raises(UpstreamError, match="can't be reached"):
        run("shell", "id")
