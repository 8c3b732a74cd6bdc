"""GitLab's REST API, v4."""

from typing import Any

from tests.fakes.forges.state import ENDED, MADE, Answer, FakeForge, Pull, Query, Route, first

PLACE = r"/gitlab/projects/([^/]+%2F[^/]+)/merge_requests"
STATES = {"open": "opened", "closed": "closed", "merged": "merged"}
STATUSES = {"success": "success", "failure": "failed", "pending": "running"}


def shown(forge: FakeForge, pull: Pull) -> dict[str, Any]:
    return {
        "id": 9000 + pull.number,
        "iid": pull.number,
        "project_id": 7,
        "web_url": f"{forge.url}/{pull.repo}/-/merge_requests/{pull.number}",
        "state": STATES[pull.state],
        "title": pull.title,
        "description": pull.body,
        "draft": pull.draft,
        "source_branch": pull.branch,
        "target_branch": pull.base,
        "sha": forge.head_of(pull.repo, pull.branch),
        "labels": pull.labels,
        "created_at": MADE,
        "merged_at": ENDED if pull.state == "merged" else None,
        "closed_at": ENDED if pull.state == "closed" else None,
    }


def pipeline(pull: Pull) -> dict[str, Any] | None:
    states = list(pull.checks.values())
    state = next((s for s in ("failure", "pending", "success") if s in states), "")
    return {"id": 31, "status": STATUSES[state]} if state else None


def routes(forge: FakeForge) -> list[Route]:
    def listed(query: Query, _: Any, repo: str) -> Answer:
        return 200, [shown(forge, p) for p in forge.of(repo, first(query, "source_branch"))]

    def make(_: Query, body: dict[str, Any], repo: str) -> Answer:
        for name in ("source_branch", "target_branch", "title"):
            if not body.get(name):
                return 400, {"error": f"{name} is missing"}
        branch = body["source_branch"]
        if there := [p for p in forge.of(repo, branch) if p.state == "open"]:
            said = f"Another open merge request already exists for this source branch: !{there[0].number}"
            return 409, {"message": [said]}
        if not forge.head_of(repo, branch):
            return 400, {"message": {"source_branch": ["does not exist"]}}
        draft = body["title"].startswith("Draft:")
        made = forge.add(repo, branch, body["target_branch"], body["title"], body["description"], draft)
        return 201, shown(forge, made)

    def one(_: Query, __: Any, repo: str, number: str) -> Answer:
        pull = forge.one(repo, number)
        return 200, shown(forge, pull) | {"head_pipeline": pipeline(pull)}

    def change(_: Query, body: dict[str, Any], repo: str, number: str) -> Answer:
        pull = forge.one(repo, number)
        pull.title, pull.body = body.get("title", pull.title), body.get("description", pull.body)
        pull.draft = pull.title.startswith("Draft:")
        pull.state = "closed" if body.get("state_event") == "close" else pull.state
        pull.labels += [label for label in body.get("add_labels", "").split(",") if label]
        return 200, shown(forge, pull)

    def notes(_: Query, __: Any, repo: str, number: str) -> Answer:
        said = [{"id": n, "body": t, "system": False} for n, t in forge.one(repo, number).comments.items()]
        return 200, [{"id": 1, "body": "changed title", "system": True}, *said]

    def say(_: Query, body: dict[str, Any], repo: str, number: str) -> Answer:
        return 201, forge.say(repo, number, body["body"])

    def rewrite(_: Query, body: dict[str, Any], repo: str, __: str, note: str) -> Answer:
        return 200, forge.rewrite(repo, note, body["body"])

    return [
        ("GET", PLACE, listed),
        ("POST", PLACE, make),
        ("GET", rf"{PLACE}/(\d+)", one),
        ("PUT", rf"{PLACE}/(\d+)", change),
        ("GET", rf"{PLACE}/(\d+)/notes", notes),
        ("POST", rf"{PLACE}/(\d+)/notes", say),
        ("PUT", rf"{PLACE}/(\d+)/notes/(\d+)", rewrite),
    ]
