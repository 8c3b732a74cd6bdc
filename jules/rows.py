"""Attempts as plain values for pages and the API; every surface shows the same."""

from typing import Any

from django.conf import settings

from jules.models import OPEN_STATES, FixAttempt

TITLES = {"collect": "Collect", "ask": "Ask", "plan": "Plan", "push": "Push", "pull_request": "Open pull request"}
BADGES = {"queued": "Waiting", "running": "Writing", "succeeded": "Unverified", "failed": "Failed"}
RUNNING_TEXT = "Working"  # what a badge with the dot of running work says here: nothing is being written
NO_PULL_REQUEST = "Jules auto-fix did not create a PR"


def badge(attempt: FixAttempt) -> str:
    """The word of its state on pages; Waiting also where a person has to say yes first."""
    if attempt.state in OPEN_STATES and attempt.approval is not None and attempt.approval.state == "pending":
        return "Waiting"
    return "Verified" if attempt.verified and attempt.state == "succeeded" else BADGES[attempt.state]


def badge_text(word: str) -> str:
    """What stands in the badge of that word; empty: the word itself."""
    return RUNNING_TEXT if word == BADGES["running"] else ""


def row_of(attempt: FixAttempt) -> dict[str, Any]:
    """{id, state, step, error, verified, truncated, pull_request: {url, number, …}, cost_usd, …} for a list."""
    pull = None
    if attempt.pr_number is not None:
        pull = {
            "number": attempt.pr_number,
            "url": attempt.pr_url,
            "state": attempt.pr_state,
            "draft": attempt.pr_draft,
            "ci": attempt.ci_state,
            "closed_at": attempt.pr_closed_at,
        }
    return {
        "id": attempt.pk,
        "url": f"/jules/{attempt.pk}/",
        "service": {"id": str(attempt.service_id), "name": attempt.service.name},
        "deployment_id": str(attempt.deployment_id),
        "engine": attempt.engine,
        "model": attempt.model,
        "state": attempt.state,
        "step": attempt.step,
        "error": attempt.error,
        "cause": attempt.cause,
        "description": attempt.description,
        "verified": attempt.verified,
        "unverified": attempt.unverified,
        "truncated": attempt.truncated,
        "branch": attempt.branch,
        "pull_request": pull,
        "cost_usd": f"{attempt.cost_usd:f}",
        "requester": attempt.requester,
        "rounds": attempt.rounds,
        "created_at": attempt.created_at,
        "started_at": attempt.started_at,
        "finished_at": attempt.finished_at,
        "open": attempt.state in OPEN_STATES,
    }


def whole_of(attempt: FixAttempt) -> dict[str, Any]:
    """`row_of`, and all that its page shows: steps, proof, diff, caps, findings, what was left out."""
    approval = attempt.approval
    waits = approval is not None and approval.state == "pending"
    return row_of(attempt) | {
        "steps": steps_of(attempt),
        "base": {"branch": attempt.base_branch, "commit": attempt.base_sha},
        "commit": attempt.sha,
        "evidence": attempt.context.get("evidence", []),
        "monitoring": attempt.context.get("monitoring", []),
        "red": attempt.red,
        "green": attempt.green,
        "files": attempt.files,
        "left_out": attempt.left_out,
        "findings": attempt.findings,
        "new_packages": attempt.new_packages,
        "proposal": attempt.proposal,
        "diff": attempt.diff,
        "caps": {
            "files": len(attempt.files),
            "most_files": settings.MAX_FILES_PER_JULES_PR,
            "bytes": attempt.diff_bytes,
            "most_bytes": settings.MAX_BYTES_PER_JULES_PR,
        },
        "approval_id": str(approval.pk) if approval is not None and waits else None,
        "redeployment_id": str(attempt.redeployment_id) if attempt.redeployment_id else None,
        "headline": NO_PULL_REQUEST if attempt.state == "failed" and not attempt.pr_number else "",
    }


def steps_of(attempt: FixAttempt) -> list[dict[str, Any]]:
    """The five steps: {name, title, state, started_at, finished_at, seconds, log}."""
    made = []
    for step in attempt.steps.all():
        took = (
            (step.finished_at - step.started_at).total_seconds() if step.finished_at and step.started_at else None
        )
        about = {"name": step.name, "title": TITLES[step.name], "state": step.state, "log": step.log}
        made.append(about | {"started_at": step.started_at, "finished_at": step.finished_at, "seconds": took})
    return made
