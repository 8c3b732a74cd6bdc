"""GitHub's REST API, version 2022-11-28."""

from typing import Any

from tests.fakes.forges.state import ENDED, MADE, Answer, FakeForge, Pull, Query, Route, first

REPO = r"/github/repos/([^/]+/[^/]+)"
RUNS = {"success": ("completed", "success"), "failure": ("completed", "failure"), "pending": ("in_progress", None)}


def invalid(field: str, message: str = "") -> Answer:
    error = {"resource": "PullRequest", "field": field, "code": "custom" if message else "invalid"}
    return 422, {"message": "Validation Failed", "errors": [error | ({"message": message} if message else {})]}


def shown(forge: FakeForge, pull: Pull) -> dict[str, Any]:
    about = {
        "number": pull.number,
        "html_url": f"{forge.url}/{pull.repo}/pull/{pull.number}",
        "state": "open" if pull.state == "open" else "closed",
        "draft": pull.draft,
        "title": pull.title,
        "body": pull.body,
        "created_at": MADE,
        "merged_at": ENDED if pull.state == "merged" else None,
        "closed_at": None if pull.state == "open" else ENDED,
    }
    head = {"ref": pull.branch, "sha": forge.head_of(pull.repo, pull.branch)}
    return about | {"head": head, "base": {"ref": pull.base}}


def routes(forge: FakeForge) -> list[Route]:
    def listed(query: Query, _: Any, repo: str) -> Answer:
        owner, _, branch = first(query, "head").partition(":")
        mine = [p for p in reversed(forge.pulls) if p.repo == repo]
        if branch:  # a head without its owner is ignored
            mine = [p for p in mine if p.branch == branch and owner == repo.split("/")[0]]
        return 200, [shown(forge, p) for p in mine if first(query, "state") == "all" or p.state == "open"]

    def make(_: Query, body: dict[str, Any], repo: str) -> Answer:
        missing = next((name for name in ("title", "head", "base") if not body.get(name)), "")
        if missing or not forge.head_of(repo, body["head"]):
            return invalid(missing or "head")
        if any(p.state == "open" for p in forge.of(repo, body["head"])):
            return invalid("", f"A pull request already exists for {repo.split('/')[0]}:{body['head']}.")
        wanted = (body["head"], body["base"], body["title"], body.get("body", ""), body.get("draft", False))
        return 201, shown(forge, forge.add(repo, *wanted))

    def change(_: Query, body: dict[str, Any], repo: str, number: str) -> Answer:
        pull = forge.one(repo, number)
        pull.title, pull.body = body.get("title", pull.title), body.get("body", pull.body)
        pull.state = body.get("state", pull.state)
        return 200, shown(forge, pull)

    def comments(_: Query, __: Any, repo: str, number: str) -> Answer:
        return 200, [{"id": n, "body": t} for n, t in forge.one(repo, number).comments.items()]

    def say(_: Query, body: dict[str, Any], repo: str, number: str) -> Answer:
        return 201, forge.say(repo, number, body["body"])

    def rewrite(_: Query, body: dict[str, Any], repo: str, comment: str) -> Answer:
        return 200, forge.rewrite(repo, comment, body["body"])

    def label(_: Query, body: dict[str, Any], repo: str, number: str) -> Answer:
        forge.one(repo, number).labels += body["labels"]
        return 200, []

    return [
        ("GET", rf"{REPO}/pulls", listed),
        ("POST", rf"{REPO}/pulls", make),
        ("PATCH", rf"{REPO}/pulls/(\d+)", change),
        ("GET", rf"{REPO}/issues/(\d+)/comments", comments),
        ("POST", rf"{REPO}/issues/(\d+)/comments", say),
        ("PATCH", rf"{REPO}/issues/comments/(\d+)", rewrite),
        ("POST", rf"{REPO}/issues/(\d+)/labels", label),
        *check_routes(forge),
    ]


def check_routes(forge: FakeForge) -> list[Route]:
    """Checks whose name begins with `legacy` are statuses, all others check runs."""

    def of(repo: str, sha: str, legacy: bool) -> list[tuple[str, str]]:
        pulls = [p for p in forge.pulls if p.repo == repo and forge.head_of(repo, p.branch) == sha]
        return [one for p in pulls for one in p.checks.items() if one[0].startswith("legacy") == legacy]

    def runs(_: Query, __: Any, repo: str, sha: str) -> Answer:
        made = [
            {"name": name, "head_sha": sha, "status": RUNS[state][0], "conclusion": RUNS[state][1]}
            for name, state in of(repo, sha, legacy=False)
        ]
        return 200, {"total_count": len(made), "check_runs": made}

    def status(_: Query, __: Any, repo: str, sha: str) -> Answer:
        made = [{"context": name, "state": state} for name, state in of(repo, sha, legacy=True)]
        return 200, {"state": "pending", "sha": sha, "total_count": len(made), "statuses": made}

    return [
        ("GET", rf"{REPO}/commits/(\w+)/check-runs", runs),
        ("GET", rf"{REPO}/commits/(\w+)/status", status),
    ]
