"""What a webhook says of a branch: its pull request and its checks. Pure.

A piece of news is {branch, sha, number, state, draft, ended_at, ci}; what was not told is "" or None. `state` is
open, merged or closed; `ci` is success, failure or pending.
"""

from collections.abc import Callable, Mapping
from typing import Any

from intelligence.webhooks.payload import at, text
from intelligence.webhooks.words import (
    BITBUCKET_CI,
    BITBUCKET_STATE,
    GITHUB_STATUS,
    GITLAB_CI,
    GITLAB_STATE,
    github_check,
)


def news(branch: str, sha: str = "", ci: str = "", **told: Any) -> dict[str, Any]:
    blank = {"number": None, "state": "", "draft": None, "ended_at": ""}
    return {"branch": branch, "sha": sha, "ci": ci, **blank, **told}


def read(source: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where it tells nothing of a branch. Never fails."""
    found = READERS[source](headers, body) if source in READERS else None
    return found if found and found["branch"] and (found["state"] or found["ci"]) else None


def _github(headers: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any] | None:
    event = headers.get("x-github-event", "")
    if event == "pull_request":
        pull = at(body, "pull_request")
        state = "merged" if at(pull, "merged") is True else "closed" if text(pull, "state") == "closed" else "open"
        ended = text(pull, "merged_at") or text(pull, "closed_at")
        about = {"number": number(at(pull, "number")), "state": state, "ended_at": ended}
        return news(text(pull, "head", "ref"), text(pull, "head", "sha"), draft=at(pull, "draft") is True, **about)
    if event in ("workflow_run", "check_suite", "check_run"):
        run = at(body, event)
        branch = text(run, "head_branch") or text(run, "check_suite", "head_branch")
        status = "completed" if text(body, "action") == "completed" else text(run, "status")
        return news(branch, text(run, "head_sha"), github_check(status, text(run, "conclusion")))
    if event == "status":
        named = at(body, "branches")
        branch = text(named[0], "name") if isinstance(named, list) and named else ""
        return news(branch, text(body, "sha"), GITHUB_STATUS.get(text(body, "state"), ""))
    return None


def _gitlab(headers: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any] | None:
    about, kind = at(body, "object_attributes"), text(body, "object_kind")
    if kind == "merge_request":
        return news(
            text(about, "source_branch"),
            text(about, "last_commit", "id"),
            number=number(at(about, "iid")),
            state=GITLAB_STATE.get(text(about, "state"), ""),
            draft=at(about, "draft") is True or at(about, "work_in_progress") is True,
        )
    if kind == "pipeline":
        branch = text(body, "merge_request", "source_branch") or text(about, "ref")
        return news(branch, text(about, "sha"), GITLAB_CI.get(text(about, "status"), ""))
    return None


def _bitbucket(headers: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any] | None:
    pull, status = at(body, "pullrequest"), at(body, "commit_status")
    if pull is not None:
        source = at(pull, "source")
        about = {"number": number(at(pull, "id")), "state": BITBUCKET_STATE.get(text(pull, "state"), "")}
        sha = text(source, "commit", "hash")
        return news(text(source, "branch", "name"), sha, draft=at(pull, "draft") is True, **about)
    if status is not None:
        branch, sha = text(status, "refname"), text(status, "commit", "hash")
        return news(branch, sha, BITBUCKET_CI.get(text(status, "state"), ""))
    return None


def number(given: Any) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) and 0 < given < 2**31 else None


READERS: Mapping[str, Callable[[Mapping[str, str], Mapping[str, Any]], dict[str, Any] | None]] = {
    "github": _github,
    "gitlab": _gitlab,
    "bitbucket": _bitbucket,
}
