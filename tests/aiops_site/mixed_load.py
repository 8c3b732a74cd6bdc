"""Two hundred requests of all kinds, mixed, by engineers with a token and a session each."""

import json
import random
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from tests.aiops_site.many import Balancer

USERS = 8
PAGES = ("/", "/senate/", "/usage/", "/services/", "/providers/", "/incidents/", "/jules/", "/approvals/")
READS = ("/api/v1/ai/models", "/api/v1/ai/usage/", "/api/v1/ai/caps/", "/api/v1/senate/sessions/")
KINDS = {"chat": 70, "stream": 50, "page": 40, "read": 28, "senate": 12}


class People:
    """Engineers with a token and a session each."""

    def __init__(self, printed: str) -> None:
        self.cookie, self._rows = json.loads(printed)

    def token(self, number: int) -> dict[str, str]:
        return {"Authorization": f"Token {self._rows[number % USERS][0]}", "Content-Type": "application/json"}

    def page(self, number: int) -> dict[str, str]:
        return {"Cookie": f"{self.cookie}={self._rows[number % USERS][1]}", "Accept": "text/html"}


def chat(question: str, **more: Any) -> str:
    return json.dumps({"model": "solo", "messages": [{"role": "user", "content": question}], **more})


Answer = tuple[int, dict[str, str], bytes]


class Load:
    """Two hundred requests in a mixed order; `faults` says what was not as it should be."""

    def __init__(self, balancer: Balancer, people: People) -> None:
        self._balancer, self._people = balancer, people
        self.done: Counter[str] = Counter()
        self.sessions: list[int] = []
        self.faults: list[str] = []
        self._lock = threading.Lock()

    def start(self, pool: ThreadPoolExecutor) -> list[Future[None]]:
        kinds = [kind for kind, many in KINDS.items() for _ in range(many)]
        random.Random(9).shuffle(kinds)
        return [pool.submit(self._one, number, kind) for number, kind in enumerate(kinds)]

    def _one(self, number: int, kind: str) -> None:
        status, headers, body = getattr(self, f"_{kind}")(number)
        with self._lock:
            self.done[kind] += 1
            if status not in (200, 201, 202) or not body:
                self.faults.append(f"{kind} {number}: {status} {body[:300]!r}")

    def _chat(self, number: int) -> Answer:
        words = chat(f"What is a pool? ({number})")
        return self._balancer.ask("POST", "/api/v1/ai/chat/completions", words, **self._people.token(number))

    def _stream(self, number: int) -> Answer:
        words = chat(f"Why do pools run dry? ({number})", stream=True)
        found = self._balancer.ask("POST", "/api/v1/ai/chat/completions", words, **self._people.token(number))
        if not found[2].endswith(b"data: [DONE]\n\n"):
            self.faults.append(f"stream {number} was cut: {found[2][-200:]!r}")
        return found

    def _page(self, number: int) -> Answer:
        return self._balancer.ask("GET", PAGES[number % len(PAGES)], None, **self._people.page(number))

    def _read(self, number: int) -> Answer:
        return self._balancer.ask("GET", READS[number % len(READS)], None, **self._people.token(number))

    def _senate(self, number: int) -> Answer:
        found = ask_senate(self._balancer, self._people, f"Roll back? ({number})", number)
        with self._lock:
            self.sessions.append(json.loads(found[2])["id"])
        return found


def ask_senate(balancer: Balancer, people: People, question: str, number: int) -> Answer:
    body = json.dumps({"question": question})
    return balancer.ask("POST", "/api/v1/senate/sessions/", body, **people.token(number))
