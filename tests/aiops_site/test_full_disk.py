"""A disk that is full (fault 8): a real file system of a few megabytes under the DATA_DIR of a running site."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aiops_site.supervisor.redis_server import free_port
from tests.aiops_site.many import exchange
from tests.aiops_site.running import DEADLINE, ROOT, START, environment, until
from tests.fakes.upstream import FakeUpstream

SIZE = 24 << 20
MOST_CALLS = 400  # until what SQLite can still write without a new page is used up
SITE = """
import json, os, sys, threading, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
import django
django.setup()
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from aiops_site.models import SignedIn
from providers.access.identity import make_token
from providers.models import AIProviderSettings
data, wishes = Path(os.environ["DATA_DIR"]), Path(sys.argv[1])
saved = AIProviderSettings.get_solo()
saved.openai_api_key, saved.openai_base_url, saved.openai_model = "sk-full", sys.argv[2], "gpt-4.1-mini"
saved.save()
user = get_user_model().objects.create_user("ivo", password="correct horse battery")
user.groups.add(Group.objects.get(name="engineer"))
client = Client()
client.force_login(user)
cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
SignedIn.objects.update(seen_at=datetime.now(UTC) - timedelta(hours=1))  # so that the next page would write it
(wishes / "people").write_text(json.dumps([make_token(user, "full")[1], make_token(user, "reads")[1], cookies]))

def fill():
    with open(data / "ballast", "wb", buffering=0) as ballast:
        for size in (1 << 16, 512):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError:
                pass

def free():
    (data / "ballast").unlink()

def books():
    from providers import ledger
    from providers.ledger.reconcile import reconcile
    from providers.models import AIUsageLog, Reservation
    ledger.reap(datetime.now(UTC) + timedelta(hours=1))
    rows = list(AIUsageLog.objects.order_by("number").values_list("success", "error_code"))
    left = Reservation.objects.filter(closed_at=None).count()
    (wishes / "said").write_text(json.dumps({"rows": rows, "open": left, "right": reconcile().clean}))

def obey():
    while True:
        for wish in (fill, free, books):
            if (wishes / wish.__name__).exists():
                wish()
                (wishes / wish.__name__).unlink()
        time.sleep(0.02)

threading.Thread(target=obey, daemon=True).start()
from aiops_site.supervisor import web
web.main()
"""


@dataclass
class Small:
    """A web process whose disk is small."""

    port: int
    wishes: Path
    upstream: FakeUpstream
    token: dict[str, str]
    unused: dict[str, str]
    cookie: dict[str, str]

    def do(self, wish: str) -> None:
        (self.wishes / wish).touch()
        until(lambda: not (self.wishes / wish).exists(), wish)

    @contextmanager
    def full(self) -> Iterator[None]:
        self.do("fill")
        try:
            yield
        finally:
            self.do("free")

    def books(self) -> dict[str, Any]:
        self.do("books")
        return dict(json.loads((self.wishes / "said").read_text()))

    def ask(self, words: str = "What is a pool?") -> tuple[int, dict[str, str], bytes]:
        body = json.dumps({"model": "openai/gpt-4.1-mini", "messages": [{"role": "user", "content": words}]})
        return exchange(self.port, "POST", "/api/v1/ai/chat/completions", body, self.token)

    def until_refused(self) -> tuple[int, dict[str, str], bytes]:
        answers = (self.ask() for _ in range(MOST_CALLS))
        return next(answer for answer in answers if answer[0] != 200)


@pytest.fixture(scope="module")
def upstream_beside() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def small(tmp_path_factory, prepared, upstream_beside) -> Iterator[Small]:
    disk, wishes = tmp_path_factory.mktemp("disk"), tmp_path_factory.mktemp("wishes")
    inside = ["bwrap", "--dev-bind", "/", "/", "--size", str(SIZE), "--tmpfs", str(disk), "--die-with-parent"]
    if not shutil.which("bwrap") or subprocess.run([*inside, "true"], capture_output=True).returncode:
        pytest.skip("NOT TESTED WITH A FULL DISK: bubblewrap can't mount a file system here")
    env = environment(disk, DJANGO_SETTINGS_MODULE="aiops_site.settings", PYTHONPATH=str(ROOT))
    env |= {"AI_PRIVATE_HOSTS": upstream_beside.netloc, "AI_CHAT_RATE": "100000/min", "PORT": str(free_port())}
    copied = f'cp {prepared}/console.sqlite3* {disk} && ln -s {prepared}/static {disk}/static && exec "$@"'
    command = [sys.executable, "-c", SITE, str(wishes), upstream_beside.openai_url]
    log = wishes / "log"
    with log.open("wb") as out:
        start = [*inside, "sh", "-c", copied, "sh", *command]
        process = subprocess.Popen(start, cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        port = int(env["PORT"])
        until(lambda: alive(port, process, log), "a site on a small disk", START)
        *tokens, cookies = json.loads((wishes / "people").read_text())
        used, unused = [{"Authorization": f"Token {one}", "Content-Type": "application/json"} for one in tokens]
        yield Small(port, wishes, upstream_beside, used, unused, {"Cookie": cookies, "Accept": "text/html"})
    finally:
        process.kill()
        process.wait(DEADLINE)


def alive(port: int, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text()[-3000:]
    try:
        return exchange(port, "GET", "/healthz")[0] == 200
    except OSError:
        return False


def paid(upstream: FakeUpstream) -> int:
    return sum(call.method == "POST" for call in upstream.calls)


def test_f8_a_full_disk_refuses_what_must_be_written_in_one_sentence_and_recovers(small) -> None:
    before, booked = paid(small.upstream), len(small.books()["rows"])
    assert small.ask()[0] == 200
    with small.full():
        status, headers, said = small.until_refused()
        assert (status, headers["retry-after"]) == (503, "5")
        error = json.loads(said)["error"]  # without Redis the rate stands in the database and is asked first
        assert error["code"] in ("rate_unavailable", "ledger_unavailable") and "Try again" in error["message"]
        refused_at = paid(small.upstream)
        writes: list[Callable[[], tuple[int, dict[str, str], bytes]]] = [
            small.ask,
            lambda: exchange(small.port, "POST", "/api/v1/senate/sessions/", '{"question": "Why?"}', small.token),
            lambda: sign_in(small.port),
        ]
        found = [write() for write in writes]
        assert [status for status, *_ in found] == [503] * 3, found
        assert b"Try again" in found[2][2] and b"database" in found[2][2]
        assert exchange(small.port, "GET", "/usage/", None, small.cookie)[0] == 200, "reading goes on"
        assert exchange(small.port, "GET", "/api/v1/ai/usage/", None, small.unused)[0] == 200
        assert paid(small.upstream) == refused_at, "what is refused is never asked"
    assert small.ask()[0] == 200
    assert sign_in(small.port)[0] == 302
    books = small.books()
    assert len(books["rows"]) - booked == paid(small.upstream) - before and all(ok for ok, _ in books["rows"])
    assert books["open"] == 0 and books["right"]


def sign_in(port: int) -> tuple[int, dict[str, str], bytes]:
    """With the right password: it writes a session."""
    _, headers, page = exchange(port, "GET", "/login/")
    form = {"Cookie": headers["set-cookie"].split(";")[0], "Content-Type": "application/x-www-form-urlencoded"}
    token = page.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    words = f"csrfmiddlewaretoken={token}&username=ivo&password=correct+horse+battery"
    return exchange(port, "POST", "/login/", words, form | {"Accept": "text/html"})


def test_f8_a_call_under_way_when_the_disk_fills_up_is_booked_all_the_same(small) -> None:
    before, booked = paid(small.upstream), len(small.books()["rows"])
    small.upstream.set_mode("hold")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(small.ask)
        small.upstream.wait_for(lambda _: paid(small.upstream) == before + 1)
        with small.full():
            small.upstream.set_mode("")
            assert small.until_refused()[0] == 503
            small.upstream.release()
            status, _, said = asked.result(DEADLINE)
            assert status in (200, 503), said
    books = small.books()
    assert len(books["rows"]) - booked == paid(small.upstream) - before
    assert books["open"] == 0 and books["right"]
