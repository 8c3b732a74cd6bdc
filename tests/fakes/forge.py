"""Three forges in one small server, with the wires of GitHub, GitLab and Bitbucket Cloud as their APIs have them.

Pull requests live in memory; `faults` says what goes wrong with the next requests that match.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote

TOKEN = "forge-token-5d41402abc4b2a76"


@dataclass
class Pull:
    number: int
    branch: str
    base: str
    title: str
    body: str
    draft: bool
    state: str = "open"
    labels: list[str] = field(default_factory=list)
    comments: dict[int, str] = field(default_factory=dict)


@dataclass
class Fault:
    """For the next request with this method and path ending: `status` as answer; `after`: once it has worked."""

    method: str
    ending: str
    status: int
    after: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeForge:
    url: str = ""
    token: str = TOKEN
    pulls: list[Pull] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    head_of: Callable[[str], str] = lambda branch: "0" * 40

    def api(self, kind: str) -> str:
        return f"{self.url}/{kind}"

    def of(self, branch: str) -> list[Pull]:
        return [pull for pull in reversed(self.pulls) if pull.branch == branch]

    def one(self, number: int) -> Pull | None:
        return next((pull for pull in self.pulls if pull.number == number), None)

    def add(self, branch: str, base: str, title: str, body: str, draft: bool) -> Pull:
        pull = Pull(len(self.pulls) + 1, branch, base, title, body, draft)
        self.pulls.append(pull)
        return pull


Answer = tuple[int, Any]
Route = tuple[str, str, Callable[..., Answer]]


def github(forge: FakeForge) -> list[Route]:
    def shown(pull: Pull) -> dict[str, Any]:
        merged = "2026-01-01T00:00:00Z" if pull.state == "merged" else None
        state = "open" if pull.state == "open" else "closed"
        head = {"ref": pull.branch, "sha": forge.head_of(pull.branch)}
        url = f"{forge.url}/team/shop/pull/{pull.number}"
        about = {"number": pull.number, "html_url": url, "state": state, "draft": pull.draft, "title": pull.title}
        return about | {"body": pull.body, "merged_at": merged, "head": head, "base": {"ref": pull.base}}

    def listed(query: dict[str, str], _: Any) -> Answer:
        if ":" not in query.get("head", ""):
            return 200, [shown(p) for p in reversed(forge.pulls)]  # GitHub ignores a head without owner
        found = forge.of(query["head"].partition(":")[2])
        return 200, [shown(p) for p in found if query.get("state") == "all" or p.state == "open"]

    def make(_: Any, body: dict[str, Any]) -> Answer:
        if any(p.state == "open" for p in forge.of(body["head"])):
            said = f"A pull request already exists for team:{body['head']}."
            error = {"resource": "PullRequest", "code": "custom", "message": said}
            return 422, {"message": "Validation Failed", "errors": [error]}
        return 201, shown(
            forge.add(body["head"], body["base"], body["title"], body["body"], body.get("draft", False))
        )

    def change(_: Any, body: dict[str, Any], number: str) -> Answer:
        pull = forge.one(int(number))
        if pull is None:
            return 404, {"message": "Not Found"}
        pull.title, pull.body = body.get("title", pull.title), body.get("body", pull.body)
        pull.state = body.get("state", pull.state)
        return 200, shown(pull)

    def comments(_: Any, __: Any, number: str) -> Answer:
        pull = forge.one(int(number))
        return (
            (200, [{"id": n, "body": t} for n, t in pull.comments.items()])
            if pull
            else (404, {"message": "Not Found"})
        )

    def say(_: Any, body: dict[str, Any], number: str) -> Answer:
        return 201, _say(forge, int(number), body["body"])

    def rewrite(_: Any, body: dict[str, Any], number: str) -> Answer:
        return _rewrite(forge, int(number), body["body"])

    def label(_: Any, body: dict[str, Any], number: str) -> Answer:
        forge.one(int(number)).labels += body["labels"]  # type: ignore[union-attr]
        return 200, []

    repo = r"/github/repos/team/shop"
    return [
        ("GET", rf"{repo}/pulls", listed),
        ("POST", rf"{repo}/pulls", make),
        ("PATCH", rf"{repo}/pulls/(\d+)", change),
        ("GET", rf"{repo}/issues/(\d+)/comments", comments),
        ("POST", rf"{repo}/issues/(\d+)/comments", say),
        ("PATCH", rf"{repo}/issues/comments/(\d+)", rewrite),
        ("POST", rf"{repo}/issues/(\d+)/labels", label),
    ]


def gitlab(forge: FakeForge) -> list[Route]:
    states = {"open": "opened", "closed": "closed", "merged": "merged"}

    def shown(pull: Pull) -> dict[str, Any]:
        url = f"{forge.url}/team/shop/-/merge_requests/{pull.number}"
        about = {"id": 9000 + pull.number, "iid": pull.number, "web_url": url, "state": states[pull.state]}
        return about | {"title": pull.title, "draft": pull.draft, "sha": forge.head_of(pull.branch)}

    def listed(query: dict[str, str], _: Any) -> Answer:
        return 200, [shown(p) for p in forge.of(query["source_branch"])]

    def make(_: Any, body: dict[str, Any]) -> Answer:
        there = [p for p in forge.of(body["source_branch"]) if p.state == "open"]
        if there:
            said = f"Another open merge request already exists for this source branch: !{there[0].number}"
            return 409, {"message": [said]}
        draft = body["title"].startswith("Draft:")
        made = forge.add(body["source_branch"], body["target_branch"], body["title"], body["description"], draft)
        return 201, shown(made)

    def one(_: Any, __: Any, number: str) -> Answer:
        pull = forge.one(int(number))
        return (200, shown(pull)) if pull else (404, {"message": "404 Not found"})

    def change(_: Any, body: dict[str, Any], number: str) -> Answer:
        pull = forge.one(int(number))
        assert pull
        pull.title, pull.body = body.get("title", pull.title), body.get("description", pull.body)
        pull.state = "closed" if body.get("state_event") == "close" else pull.state
        pull.labels += [label for label in body.get("add_labels", "").split(",") if label]
        return 200, shown(pull)

    def notes(_: Any, __: Any, number: str) -> Answer:
        return 200, [{"id": n, "body": t} for n, t in forge.one(int(number)).comments.items()]  # type: ignore[union-attr]

    def say(_: Any, body: dict[str, Any], number: str) -> Answer:
        return 201, _say(forge, int(number), body["body"])

    def rewrite(_: Any, body: dict[str, Any], __: str, note: str) -> Answer:
        return _rewrite(forge, int(note), body["body"])

    place = r"/gitlab/projects/team%2Fshop/merge_requests"
    return [
        ("GET", place, listed),
        ("POST", place, make),
        ("GET", rf"{place}/(\d+)", one),
        ("PUT", rf"{place}/(\d+)", change),
        ("GET", rf"{place}/(\d+)/notes", notes),
        ("POST", rf"{place}/(\d+)/notes", say),
        ("PUT", rf"{place}/(\d+)/notes/(\d+)", rewrite),
    ]


def bitbucket(forge: FakeForge) -> list[Route]:
    states = {"open": "OPEN", "closed": "DECLINED", "merged": "MERGED"}

    def shown(pull: Pull) -> dict[str, Any]:
        url = f"{forge.url}/team/shop/pull-requests/{pull.number}"
        source = {"branch": {"name": pull.branch}, "commit": {"hash": forge.head_of(pull.branch)[:12]}}
        about = {"id": pull.number, "state": states[pull.state], "draft": pull.draft, "title": pull.title}
        return about | {"links": {"html": {"href": url}}, "source": source}

    def listed(query: dict[str, str], _: Any) -> Answer:
        named = re.search(r'source\.branch\.name = "([^"]+)"', query.get("q", ""))
        return 200, {"values": [shown(p) for p in forge.of(named[1])] if named else []}

    def make(_: Any, body: dict[str, Any]) -> Answer:
        branch = body["source"]["branch"]["name"]
        there = [p for p in forge.of(branch) if p.state == "open"]
        if there:
            there[0].title, there[0].body = body["title"], body["description"]
            return 201, shown(there[0])
        base = body["destination"]["branch"]["name"]
        return 201, shown(forge.add(branch, base, body["title"], body["description"], body.get("draft", False)))

    def change(_: Any, body: dict[str, Any], number: str) -> Answer:
        pull = forge.one(int(number))
        assert pull
        pull.title, pull.body = body["title"], body["description"]
        return 200, shown(pull)

    def decline(_: Any, __: Any, number: str) -> Answer:
        pull = forge.one(int(number))
        assert pull
        pull.state = "closed"
        return 200, shown(pull)

    def comments(_: Any, __: Any, number: str) -> Answer:
        said = forge.one(int(number)).comments  # type: ignore[union-attr]
        return 200, {"values": [{"id": n, "content": {"raw": t}, "deleted": False} for n, t in said.items()]}

    def say(_: Any, body: dict[str, Any], number: str) -> Answer:
        return 201, _say(forge, int(number), body["content"]["raw"])

    def rewrite(_: Any, body: dict[str, Any], __: str, comment: str) -> Answer:
        return _rewrite(forge, int(comment), body["content"]["raw"])

    place = r"/bitbucket/repositories/team/shop/pullrequests"
    return [
        ("GET", place, listed),
        ("POST", place, make),
        ("PUT", rf"{place}/(\d+)", change),
        ("POST", rf"{place}/(\d+)/decline", decline),
        ("GET", rf"{place}/(\d+)/comments", comments),
        ("POST", rf"{place}/(\d+)/comments", say),
        ("PUT", rf"{place}/(\d+)/comments/(\d+)", rewrite),
    ]


def _say(forge: FakeForge, number: int, text: str) -> dict[str, Any]:
    pull = forge.one(number)
    assert pull
    made = 100 + sum(len(p.comments) for p in forge.pulls)
    pull.comments[made] = text
    return {"id": made}


def _rewrite(forge: FakeForge, comment: int, text: str) -> Answer:
    for pull in forge.pulls:
        if comment in pull.comments:
            pull.comments[comment] = text
            return 200, {"id": comment}
    return 404, {"message": "Not Found"}


@contextmanager
def running() -> Iterator[FakeForge]:
    forge = FakeForge()
    web = ThreadingHTTPServer(("127.0.0.1", 0), handler(forge))
    forge.url = f"http://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        web.shutdown()
        web.server_close()
        thread.join(5)


def handler(forge: FakeForge) -> type[BaseHTTPRequestHandler]:
    routes = [*github(forge), *gitlab(forge), *bitbucket(forge)]

    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            forge.requests.append((self.command, path))
            given = self.headers.get("PRIVATE-TOKEN") or self.headers.get("Authorization", "").partition(" ")[2]
            forge.tokens.append(given)
            fault = next((f for f in forge.faults if f.method == self.command and path.endswith(f.ending)), None)
            if fault:
                forge.faults.remove(fault)
            if fault and not fault.after:
                return self._answer(fault.status, {"message": "Fault"}, fault.headers)
            if given != forge.token:
                return self._answer(401, {"message": f"Bad credentials {given}"})
            status, body = self._route(path, query, json.loads(raw) if raw else None)
            if fault:
                return self._answer(fault.status, {"message": "Fault"}, fault.headers)
            return self._answer(status, body)

        def _route(self, path: str, query: str, body: Any) -> Answer:
            if path.startswith("/github") and not self.headers.get("User-Agent"):
                return 403, {"message": "Request forbidden by administrative rules."}
            fields = {name: values[0] for name, values in parse_qs(query).items()}
            for method, pattern, serve in routes:
                if method == self.command and (found := re.fullmatch(pattern, path)):
                    return serve(fields, body, *(unquote(g) for g in found.groups()))
            return 404, {"message": "Not Found"}

        def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = _serve  # noqa: N815

    return Api
