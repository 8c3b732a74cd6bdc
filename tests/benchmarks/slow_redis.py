"""What people wait for where Redis is half a second away (fault 5), on a whole site.

    python -m tests.benchmarks.slow_redis [--delay 0.5] [--times 10]

`manage.py up` on SQLite with a line to Redis (tests/aiops_site/slow_redis.py) that holds every question and every
answer for half of the delay. Prints the median and the longest of each, without the delay and with it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from tests import redis_server
from tests.aiops_site.many import MIGRATE, exchange
from tests.aiops_site.running import ROOT, Site, environment, until
from tests.aiops_site.slow_redis import Line
from tests.benchmarks.senate_site import PERSONAS, SEED
from tests.fakes.upstream import FakeUpstream

PASSWORDS = """
user = get_user_model().objects.get(username="bench-0")
user.set_password("correct horse battery")
user.save()
user.groups.add(Group.objects.get(name="admin"))
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print(json.dumps([settings.SESSION_COOKIE_NAME, [[made[0][0], session.session_key]]]))
"""
PAGES = ("/", "/senate/", "/usage/", "/providers/", "/services/")
Answer = tuple[int, dict[str, str], bytes]


class Person:
    def __init__(self, site: Site, printed: str) -> None:
        name, [[token, key]] = json.loads(printed)
        self._port = site.port
        self._token = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        self._cookie = {"Cookie": f"{name}={key}", "Accept": "text/html"}
        self.asked = 0

    def read(self, path: str) -> Answer:
        return exchange(self._port, "GET", path, None, self._cookie)

    def metrics(self) -> Answer:
        return exchange(self._port, "GET", "/metrics", None, self._token)

    def sign_in(self, password: str = "correct horse battery") -> Answer:
        _, headers, page = exchange(self._port, "GET", "/login/")
        form = {"Cookie": headers["set-cookie"].split(";")[0], "Content-Type": "application/x-www-form-urlencoded"}
        token = page.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        words = f"csrfmiddlewaretoken={token}&username=bench-0&password={password.replace(' ', '+')}"
        return exchange(self._port, "POST", "/login/", words, form | {"Accept": "text/html"})

    def chat(self) -> Answer:
        body = json.dumps({"model": "solo", "messages": [{"role": "user", "content": "What is a pool?"}]})
        return exchange(self._port, "POST", "/api/v1/ai/chat/completions", body, self._token)

    def ask(self) -> Answer:
        body = json.dumps({"question": "Roll back?"})
        return exchange(self._port, "POST", "/api/v1/senate/sessions/", body, self._token)

    def ask_to_the_end(self) -> Answer:
        found = self.ask()
        path = f"/api/v1/senate/sessions/{json.loads(found[2])['id']}/"
        until(lambda: b'"state":"done"' in self._look(path).replace(b" ", b""), "the end of a question")
        return found

    def _look(self, path: str) -> bytes:
        return exchange(self._port, "GET", path, None, self._token)[2]


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--delay", type=float, default=0.5, help="seconds to Redis and back")
    given.add_argument("--times", type=int, default=10)
    of = given.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server.server() as url,
        Line(urlsplit(url).port or 0) as line,
        FakeUpstream() as upstream,
    ):
        more = {"AI_PRIVATE_HOSTS": upstream.netloc, "AI_CHAT_RATE": "1000000/min", "REDIS_URL": line.url}
        env = environment(Path(folder), DJANGO_SETTINGS_MODULE="aiops_site.settings", **more)
        seed = [sys.executable, "-c", MIGRATE + SEED + PASSWORDS, upstream.openai_url, ",".join(PERSONAS), "1"]
        made = subprocess.run(seed, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        site = Site(Path(folder), **env)
        try:
            person = Person(site.until_ready(), made.stdout.strip().splitlines()[-1])
            for delay in (0.0, of.delay):
                line.delay_s = delay / 2
                print(f"{delay:g} s to Redis and back:")
                told(person, of.times)
        finally:
            line.mend()
            site.stop()


def told(person: Person, times: int) -> None:
    kinds: dict[str, tuple[Callable[[], Answer], tuple[int, ...]]] = {
        **{f"page {path}": (lambda path=path: person.read(path), (200,)) for path in PAGES},
        "sign-in, with its form": (person.sign_in, (302,)),
        "wrong sign-in, with its form": (lambda: person.sign_in("no"), (400, 429)),
        "/readyz": (lambda: person.read("/readyz"), (200, 503)),
        "/metrics": (person.metrics, (200,)),
        "chat": (person.chat, (200,)),
        "a question to the senate, taken": (person.ask, (200, 201, 202)),
        "a question to the senate, to its end": (person.ask_to_the_end, (200, 201, 202)),
    }
    for name, (act, good) in kinds.items():
        took, statuses = [], set()
        for _ in range(3 if "wrong" in name else times):
            began = time.monotonic()
            statuses.add(act()[0])
            took.append(time.monotonic() - began)
        odd = statuses - set(good)
        print(
            f"  {name}: median {statistics.median(took):.2f} s, longest {max(took):.2f} s"
            f" ({', '.join(map(str, sorted(statuses)))}{', UNEXPECTED' if odd else ''})",
            flush=True,
        )


if __name__ == "__main__":
    main()
