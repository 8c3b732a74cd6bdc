"""Trust, section I: what one stranger sends takes neither memory nor time from the others.

I1 to I6 (what an upstream, and a body of JSON, may hold): tests/providers/network/test_outbound.py,
tests/aiops_site/test_bodies.py.
"""

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from aiops_site.web.body_limit import AT_ONCE
from providers.access import identity
from tests.aiops_site.running import ROOT, environment, until

HUNDRED_MB = 100_000_000
ENOUGH = 16_000_000  # what fits into the limit and into the system's buffers
PATHS = ["/api/v1/ai/chat/completions", "/api/v1/ai/test/", "/login/", "/no/such/page"]


@dataclass
class Web:
    pid: int
    port: int

    def connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def begin(self, path: str, *headers: str) -> socket.socket:
        """A connection on which the head of a POST was sent."""
        kind = (
            () if any(one.startswith("Content-Type") for one in headers) else ("Content-Type: application/json",)
        )
        lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *kind, *headers, "", ""]
        made = self.connect()
        made.sendall("\r\n".join(lines).encode())
        return made

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def web(request, tmp_path_factory, django_db_setup) -> Iterator[Web]:
    """The web process alone, as `up` starts it, on the suite's own database."""
    named = f"sqlite:///{connection.settings_dict['NAME']}" if connection.vendor == "sqlite" else ""
    env = environment(tmp_path_factory.mktemp("web"), WEB_SERVER=request.param, DATABASE_URL=named)
    command = [sys.executable, "-m", "aiops_site.supervisor.web"]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL)
    found = Web(process.pid, int(env["PORT"]))

    def listens() -> bool:
        assert process.poll() is None
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", found.port)) == 0

    try:
        until(listens, "the web process")
        yield found
    finally:
        process.kill()
        process.wait()


def told(connection: socket.socket) -> tuple[int, str]:
    """(status, the rest) of an answer."""
    held = b""
    while b"2 MB" not in held and (piece := connection.recv(65_536)):
        held += piece
    head, _, rest = held.decode().partition("\r\n")
    return int(head.split()[1]), rest


@pytest.mark.parametrize("path", PATHS)
def test_i7_a_body_of_100_mb_is_refused_before_its_first_byte(web, path) -> None:
    began = time.monotonic()
    with web.begin(path, f"Content-Length: {HUNDRED_MB}") as connection:
        status, rest = told(connection)
    assert status == 413
    assert ('"code": "body_too_large"' in rest) == path.startswith("/api/")
    assert time.monotonic() - began < 5  # a second on a quiet machine


def pour(connection: socket.socket) -> tuple[int, bytes]:
    """Sends chunks until an answer comes: (bytes that were taken, the answer)."""
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    sent, waiting, answer, end = 0, b"", b"", time.monotonic() + 20
    while not answer and sent < HUNDRED_MB and time.monotonic() < end:
        readable, writable, _ = select.select([connection], [connection], [], 1)
        if readable:
            answer = connection.recv(65_536)
        elif writable:
            waiting = waiting or chunk
            taken = connection.send(waiting)
            sent, waiting = sent + taken, waiting[taken:]
    return sent, answer


@pytest.mark.parametrize("path", PATHS[:3])
def test_i7_a_body_without_a_length_is_refused_while_it_comes_and_not_kept(web, path) -> None:
    before = web.memory_mb()
    with web.begin(path, "Transfer-Encoding: chunked") as connection:
        connection.setblocking(False)
        sent, answer = pour(connection)
    assert answer.startswith(b"HTTP/1.1 413")
    assert sent < ENOUGH
    assert web.memory_mb() - before < 30


def upload(web: Web, *headers: str, size: int = 6_000_000) -> bytes:
    """The beginning of what the page answers to a log of that size. The form lacks its CSRF token, so a body that
    was taken in whole is refused by the view, with 403."""
    mark = "a-boundary"
    kind = f"Content-Type: multipart/form-data; boundary={mark}"
    part = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="f.log"\r\n\r\n'.encode()
    body = part + b"x" * size + f"\r\n--{mark}--\r\n".encode()
    with web.begin("/analyses/", kind, f"Content-Length: {len(body)}", *headers) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it may be closed before all is sent
            connection.sendall(body)
        return connection.recv(65_536)


def signed_in(user: object) -> str:
    client = Client()
    client.force_login(user)
    return f"Cookie: {settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="the web process opens the file")
def test_i7_a_log_for_analysis_is_larger_and_only_from_who_may_send_one(web, everyone) -> None:
    ivo, lee = signed_in(everyone["ivo"]), signed_in(everyone["lee"])
    token = f"Authorization: Bearer {identity.make_token(everyone['ivo'], 'upload')[1]}"
    for stranger in ("X-Nobody: 1", "Cookie: aiops_session=somebody", "Authorization: Bearer aiops_made_up", lee):
        assert upload(web, stranger).startswith(b"HTTP/1.1 413"), stranger
    assert upload(web, ivo).startswith(b"HTTP/1.1 403")
    assert upload(web, token).startswith(b"HTTP/1.1 303")  # a token needs no CSRF token
    assert upload(web, ivo, "Expect: 100-continue").startswith(b"HTTP/1.1 100")
    assert upload(web, "X-Nobody: 1", "Expect: 100-continue").startswith(b"HTTP/1.1 413")


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="the web process opens the file")
def test_i7_few_large_bodies_are_let_in_at_a_time_and_a_place_is_free_when_one_has_gone(web, everyone) -> None:
    ivo = signed_in(everyone["ivo"])
    with ExitStack() as held:
        for _ in range(AT_ONCE):
            lines = (ivo, "Content-Length: 90000000", "Expect: 100-continue")
            slow = held.enter_context(web.begin("/analyses/", *lines))
            assert slow.recv(65_536).startswith(b"HTTP/1.1 100")
        assert upload(web, ivo).startswith(b"HTTP/1.1 503")
        assert upload(web, ivo, size=1_000).startswith(b"HTTP/1.1 403"), "a small one is not in their way"
    until(lambda: upload(web, ivo).startswith(b"HTTP/1.1 403"), "a free place")


def test_i7_a_client_that_sends_on_reads_its_answer_all_the_same(web) -> None:
    with web.begin("/api/v1/ai/test/", f"Content-Length: {HUNDRED_MB}") as connection:
        with suppress(BrokenPipeError):  # it may be closed before all is sent, and the answer can be read still
            connection.sendall(b"x" * 1_000_000)
        assert told(connection)[0] == 413


def test_i10_five_hundred_slow_clients_keep_nobody_from_an_answer(web) -> None:
    with ExitStack() as held:
        for number in range(500):
            slow = held.enter_context(web.connect())
            slow.sendall(b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + (b"X-Slow: 1" if number % 2 else b""))
        began = time.monotonic()
        with web.connect() as quick:
            quick.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert quick.recv(65_536).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - began < 5  # a second on a quiet machine


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["fields", "files"])
def test_i7_thousands_of_fields_or_files_are_too_many(client, people, what) -> None:
    mark = "a-boundary"
    kind = ' filename="f.txt"' if what == "files" else ""
    part = f'--{mark}\r\nContent-Disposition: form-data; name="f";{kind}\r\n\r\nx\r\n'
    body = part * (1_000 if what == "files" else 10_000) + f"--{mark}--\r\n"
    for path in ("/login/", "/api/v1/ai/test/"):
        began = time.monotonic()
        answer = client.post(path, body, content_type=f"multipart/form-data; boundary={mark}")
        assert answer.status_code in {400, 401}
        assert time.monotonic() - began < 5


def test_the_machine_can_hold_so_many_connections() -> None:
    """Otherwise the slow clients above would be fewer than they say."""
    import resource

    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 600
    assert os.name == "posix"
