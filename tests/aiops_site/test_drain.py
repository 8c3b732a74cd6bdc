"""A web process that is told to stop lets running answers end, refuses new ones, and says so."""

import http.client
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tests.aiops_site.running import ROOT, environment, until

# An application whose answer to /slow waits for a file; the server under test is the real one.
SERVE = """
import asyncio, pathlib, sys
import django; django.setup()
from aiops_site.operation import drain
from aiops_site.supervisor import web

async def application(scope, receive, send):
    if scope["path"] == "/slow":
        pathlib.Path(sys.argv[2] + ".asked").touch()
        while not pathlib.Path(sys.argv[2]).exists():
            await asyncio.sleep(0.01)
    status = 503 if scope["path"] == "/readyz" and drain.begun() else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"whole answer"})

getattr(web, sys.argv[1])(drain.Draining(application))
"""


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_a_running_answer_is_finished_after_term(server, tmp_path):
    env = environment(tmp_path, DJANGO_SETTINGS_MODULE="aiops_site.settings")
    port, release = int(env["PORT"]), tmp_path / "release"
    process = subprocess.Popen([sys.executable, "-c", SERVE, server, str(release)], cwd=ROOT, env=env)
    try:
        until(lambda: listens(port), "a listening server")
        answers: list[tuple[int, bytes]] = []
        asking = threading.Thread(target=lambda: answers.append(get(port, "/slow")))
        asking.start()
        until((tmp_path / "release.asked").exists, "the slow request at work")
        process.send_signal(signal.SIGTERM)
        if server == "daphne":  # uvicorn closes its door at once: a new connection is refused
            until(lambda: get(port, "/readyz")[0] == 503, "a red /readyz")
            assert get(port, "/api/v1/ai/models")[0] == 503
        else:
            until(lambda: not listens(port), "a closed door")
        assert process.poll() is None
        release.touch()
        asking.join(timeout=30)
        assert answers == [(200, b"whole answer")]
        assert process.wait(timeout=30) in {0, -signal.SIGTERM}  # uvicorn ends by the signal it was sent
    finally:
        process.kill()
        process.wait()
