"""Pull requests of any number of repositories, in memory, and what goes wrong with the next requests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

TOKEN = "forge-token-5d41402abc4b2a76"
MADE, ENDED = "2026-11-20T10:00:00Z", "2026-11-20T12:30:00Z"


class Absent(Exception):
    """There is none: 404."""


@dataclass
class Pull:
    """`checks`: name -> success, failure or pending."""

    number: int
    branch: str
    base: str
    title: str
    body: str
    draft: bool
    state: str = "open"
    repo: str = "team/shop"
    labels: list[str] = field(default_factory=list)
    comments: dict[int, str] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    """For the next request with this method and path ending: `status` as answer, 0 cuts the line; `after`: once
    it has worked."""

    method: str
    ending: str
    status: int
    after: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeForge:
    """`head_of(repo, branch)`: the commit that a branch is at, empty where there is no such branch."""

    url: str = ""
    token: str = TOKEN
    pulls: list[Pull] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    head_of: Callable[[str, str], str] = lambda repo, branch: "0" * 40

    def api(self, kind: str) -> str:
        return f"{self.url}/{kind}"

    def of(self, repo: str, branch: str) -> list[Pull]:
        """Newest first."""
        return [p for p in reversed(self.pulls) if (p.repo, p.branch) == (repo, branch)]

    def one(self, repo: str, number: str) -> Pull:
        """Errors: Absent."""
        found = next((p for p in self.pulls if (p.repo, p.number) == (repo, int(number))), None)
        if found is None:
            raise Absent(number)
        return found

    def add(self, repo: str, branch: str, base: str, title: str, body: str, draft: bool) -> Pull:
        number = 1 + sum(pull.repo == repo for pull in self.pulls)
        self.pulls.append(Pull(number, branch, base, title, body, draft, repo=repo))
        return self.pulls[-1]

    def say(self, repo: str, number: str, text: str) -> dict[str, Any]:
        made = 100 + sum(len(p.comments) for p in self.pulls)
        self.one(repo, number).comments[made] = text
        return {"id": made}

    def rewrite(self, repo: str, comment: str, text: str) -> dict[str, Any]:
        """Errors: Absent."""
        for pull in self.pulls:
            if pull.repo == repo and int(comment) in pull.comments:
                pull.comments[int(comment)] = text
                return {"id": int(comment)}
        raise Absent(comment)


Answer = tuple[int, Any]
Query = dict[str, list[str]]
Route = tuple[str, str, Callable[..., Answer]]


def first(query: Query, name: str) -> str:
    return query.get(name, [""])[0]
