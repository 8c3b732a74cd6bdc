"""What forges call the states of pull requests and checks, in our words. Pure."""

from collections.abc import Mapping

_GITLAB_RUNS = ("created", "waiting_for_resource", "preparing", "pending", "running", "scheduled")

GITHUB_GOOD = ("success", "neutral", "skipped", "stale")  # conclusions of check runs; all others are failures
GITHUB_STATUS: Mapping[str, str] = {
    "success": "success",
    "pending": "pending",
    "failure": "failure",
    "error": "failure",
}
GITLAB_STATE: Mapping[str, str] = {"opened": "open", "closed": "closed", "merged": "merged"}
GITLAB_CI: Mapping[str, str] = {  # a pipeline that is skipped or waits for a person says nothing
    "success": "success",
    "failed": "failure",
    "canceled": "failure",
    **dict.fromkeys(_GITLAB_RUNS, "pending"),
}
BITBUCKET_STATE: Mapping[str, str] = {
    "OPEN": "open",
    "MERGED": "merged",
    "DECLINED": "closed",
    "SUPERSEDED": "closed",
}
BITBUCKET_CI: Mapping[str, str] = {
    "SUCCESSFUL": "success",
    "FAILED": "failure",
    "STOPPED": "failure",
    "INPROGRESS": "pending",
}


def github_check(status: str, conclusion: str) -> str:
    """Of a check run, check suite or workflow run."""
    if status != "completed":
        return "pending"
    return "success" if conclusion in GITHUB_GOOD else "failure"
