"""Bitbucket Cloud's REST API, 2.0."""

import re
from typing import Any

from tests.fakes.forges.state import ENDED, MADE, Answer, FakeForge, Pull, Query, Route, first

PLACE = r"/bitbucket/repositories/([^/]+/[^/]+)/pullrequests"
STATES = {"open": "OPEN", "closed": "DECLINED", "merged": "MERGED"}
BUILDS = {"success": "SUCCESSFUL", "failure": "FAILED", "pending": "INPROGRESS"}


def refused(message: str, status: int = 400) -> Answer:
    return status, {"type": "error", "error": {"message": message}}


def page(values: list[Any]) -> Answer:
    return 200, {"values": values, "pagelen": 100, "size": len(values), "page": 1}


def shown(forge: FakeForge, pull: Pull) -> dict[str, Any]:
    sha = forge.head_of(pull.repo, pull.branch)[:12]
    return {
        "type": "pullrequest",
        "id": pull.number,
        "title": pull.title,
        "description": pull.body,
        "state": STATES[pull.state],
        "draft": pull.draft,
        "links": {"html": {"href": f"{forge.url}/{pull.repo}/pull-requests/{pull.number}"}},
        "source": {"branch": {"name": pull.branch}, "commit": {"type": "commit", "hash": sha}},
        "destination": {"branch": {"name": pull.base}},
        "created_on": MADE,
        "updated_on": ENDED,
    }


def routes(forge: FakeForge) -> list[Route]:
    def listed(query: Query, _: Any, repo: str) -> Answer:
        named = re.search(r'source\.branch\.name = "([^"]+)"', first(query, "q"))
        wanted = query.get("state", ["OPEN"])
        found = forge.of(repo, named[1]) if named else []
        return page([shown(forge, p) for p in found if STATES[p.state] in wanted])

    def make(_: Query, body: dict[str, Any], repo: str) -> Answer:
        branch, base = body["source"]["branch"]["name"], body["destination"]["branch"]["name"]
        if not forge.head_of(repo, branch):
            return refused("There are no changes to be pulled")
        if there := [p for p in forge.of(repo, branch) if p.state == "open"]:
            there[0].title, there[0].body = body["title"], body["description"]
            return 201, shown(forge, there[0])
        made = forge.add(repo, branch, base, body["title"], body["description"], body.get("draft", False))
        return 201, shown(forge, made)

    def change(_: Query, body: dict[str, Any], repo: str, number: str) -> Answer:
        pull = forge.one(repo, number)
        pull.title, pull.body = body["title"], body["description"]
        return 200, shown(forge, pull)

    def decline(_: Query, __: Any, repo: str, number: str) -> Answer:
        forge.one(repo, number).state = "closed"
        return 200, shown(forge, forge.one(repo, number))

    def comments(_: Query, __: Any, repo: str, number: str) -> Answer:
        said = forge.one(repo, number).comments
        return page([{"id": n, "content": {"raw": t}, "deleted": False} for n, t in said.items()])

    def say(_: Query, body: dict[str, Any], repo: str, number: str) -> Answer:
        return 201, forge.say(repo, number, body["content"]["raw"])

    def rewrite(_: Query, body: dict[str, Any], repo: str, __: str, comment: str) -> Answer:
        return 200, forge.rewrite(repo, comment, body["content"]["raw"])

    def statuses(_: Query, __: Any, repo: str, number: str) -> Answer:
        said = forge.one(repo, number).checks
        return page([{"type": "build", "key": name, "state": BUILDS[state]} for name, state in said.items()])

    return [
        ("GET", PLACE, listed),
        ("POST", PLACE, make),
        ("PUT", rf"{PLACE}/(\d+)", change),
        ("POST", rf"{PLACE}/(\d+)/decline", decline),
        ("GET", rf"{PLACE}/(\d+)/comments", comments),
        ("POST", rf"{PLACE}/(\d+)/comments", say),
        ("PUT", rf"{PLACE}/(\d+)/comments/(\d+)", rewrite),
        ("GET", rf"{PLACE}/(\d+)/statuses", statuses),
    ]
