"""A log of 100 MB on a whole site: sent by API, paged, searched, followed, downloaded, analysed, uploaded.

    python -m tests.benchmarks.big_log [--megabytes 99]

Times are those of a client on the same machine; memory is the web process's RSS, highest of all steps so far.
"""

import argparse
import http.client
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.aiops_site.running import ROOT, Site, descendants, until
from tests.benchmarks.rules import everyday
from tests.intelligence.labelled import FAILING

MEGABYTE = 1_000_000
SEED = """
import django
django.setup()
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from providers.access.identity import make_token
user = get_user_model().objects.create_user("bench")
user.groups.add(Group.objects.get_or_create(name="engineer")[0])
print(make_token(user, "bench")[1])
"""
BOUNDARY = "----log"


class Web:
    """The site as its client sees it, and the memory of its web process."""

    def __init__(self, site: Site) -> None:
        env = {**site.environment, "DJANGO_SETTINGS_MODULE": "aiops_site.settings"}
        made = subprocess.check_output([sys.executable, "-c", SEED], cwd=ROOT, env=env, text=True)
        self.token, self.port = made.split()[-1], site.port
        names = descendants(site.process.pid)
        self.pid = next(pid for pid, args in names.items() if "supervisor.web" in args)
        self.most = self.rss()
        threading.Thread(target=self._watch, daemon=True).start()

    def rss(self) -> float:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def _watch(self) -> None:
        while Path(f"/proc/{self.pid}").exists():
            self.most = max(self.most, self.rss())
            time.sleep(0.02)

    def ask(self, method: str, path: str, body: Any = None, **more: str) -> bytes:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", **more}
        if isinstance(body, dict):
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        size = 0
        if method == "GET" and path.endswith("/download/"):
            while piece := answer.read(1 << 20):
                size += len(piece)
            read = str(size).encode()
        else:
            read = answer.read()
        connection.close()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {read[:300]!r}")
        return read

    def timed(self, what: str, act: Callable[[], Any], note: Callable[[Any], str] = lambda _: "") -> Any:
        began = time.perf_counter()
        result = act()
        took = time.perf_counter() - began
        memory = f"RSS {self.rss():4.0f}, highest {self.most:4.0f} MB"
        print(f"{what:40} {took:8.3f} s   {memory}   {note(result)}", flush=True)
        return result


def pieces(megabytes: int) -> Iterator[str]:
    """Everyday lines, a quarter coloured and with CRLF; a rare word in the middle, a failure at the end."""
    draw = random.Random(7)
    for at in range(megabytes):
        text = everyday(MEGABYTE, draw).decode()
        if at % 4 == 0:
            text = text.replace("INFO ", "\x1b[32mINFO \x1b[0m").replace("\n", "\r\n")
        if at == megabytes // 2:
            text = f"the needle stands here\n{text}"
        yield text[: MEGABYTE - 1].rpartition("\n")[0] + "\n"
    yield FAILING[0].raw.decode("utf-8", "replace")


def upload(log: str, name: str) -> tuple[bytes, str]:
    """A form with the log as a file."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="mode"\r\n\r\nrules\r\n--{BOUNDARY}\r\n'
    head += f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'
    return (head + log + f"\r\n--{BOUNDARY}--\r\n").encode(), f"multipart/form-data; boundary={BOUNDARY}"


def measure(web: Web, megabytes: int) -> None:
    service = json.loads(web.ask("POST", "/api/v1/services/", {"name": "bench"}))["id"]
    made = web.ask("POST", f"/api/v1/services/{service}/deployments/", {"status": "BUILDING"})
    here = json.loads(made)["id"]
    api, page = f"/api/v1/deployments/{here}", f"/deployments/{here}"
    log = list(pieces(megabytes))

    def send() -> Any:
        return [json.loads(web.ask("POST", f"{api}/logs/", {"log": one})) for one in log][-1]

    web.timed("the web process before", lambda: None)
    told = lambda r: f"{r['log_bytes']:,} bytes, {r['log_lines']:,} lines"  # noqa: E731
    size = web.timed("sent in pieces of 1 MB", send, told)
    lines = size["log_lines"]
    for what, path in (("page", f"{page}/"), ("page at a line", f"{page}/?line={lines // 3}")):
        web.timed(what, lambda at=path: web.ask("GET", at, Accept="text/html"), lambda r: f"{len(r):,} bytes")
    for first in (1, lines // 2, lines - 250):
        window = f"{page}/lines/?first={first}&count=250"
        web.timed(f"250 lines from {first:,} on", lambda at=window: web.ask("GET", at, Accept="text/html"))
    for words in ("the needle stands", "not in this log", "GET"):
        query = f"{page}/find/?q={words.replace(' ', '+')}"
        found = lambda r: f"{len(json.loads(r)['lines'])} lines"  # noqa: E731
        web.timed(f'search for "{words}"', lambda at=query: web.ask("GET", at), found)
    web.timed("followed: a line more", lambda: web.ask("POST", f"{api}/logs/", {"log": "one more\n"}))
    web.timed("followed: its last window", lambda: web.ask("GET", f"{page}/lines/?first={lines - 9}&count=250"))
    web.timed("download", lambda: web.ask("GET", f"{page}/download/"), lambda r: f"{int(r):,} bytes")
    body = {"deployment_id": here, "mode": "rules"}
    answer = web.timed(
        "analysed (rules, by the web process)",
        lambda: json.loads(web.ask("POST", "/api/v1/ai/analyze_logs/", body)),
        lambda r: f"{r['primary']} at {r['patterns'][0]['lines']}",
    )
    assert answer["primary"] == FAILING[0].code, answer["primary"]
    form, kind = upload("".join(log), "ci.log")
    row = json.loads(
        web.timed("uploaded as a file", lambda: web.ask("POST", "/analyses/", form, **{"Content-Type": kind}))
    )
    done = f"/api/v1/analyses/{row['id']}/"
    web.timed(
        "until a worker has analysed it",
        lambda: until(lambda: json.loads(web.ask("GET", done))["state"] == "done", "an analysis", 300),
    )


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--megabytes", type=int, default=99)
    megabytes = given.parse_args().megabytes
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        try:
            until(lambda: site.said("is ready"), "a ready site", 300)
            measure(Web(site), megabytes)
        finally:
            site.stop()


if __name__ == "__main__":
    main()
