"""What a webhook says, in our words. Pure: a payload in, a Report out.

Nothing in a payload is trusted to be there.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from intelligence.webhooks import branches
from intelligence.webhooks.payload import at, text

OURS = "jules/auto-fix-"
GITHUB = {
    "queued": "QUEUED",
    "pending": "QUEUED",
    "waiting": "QUEUED",
    "in_progress": "BUILDING",
    "success": "RUNNING",
    "failure": "FAILED",
    "error": "FAILED",
}
CONCLUSIONS = {"failure": "FAILED", "timed_out": "FAILED", "startup_failure": "FAILED", "cancelled": "CANCELLED"}
GITLAB = {
    "created": "QUEUED",
    "waiting_for_resource": "QUEUED",
    "preparing": "QUEUED",
    "pending": "QUEUED",
    "running": "BUILDING",
    "success": "RUNNING",
    "failed": "FAILED",
    "canceled": "CANCELLED",
}
VERCEL = {
    "deployment.created": "BUILDING",
    "deployment.succeeded": "RUNNING",
    "deployment.ready": "RUNNING",
    "deployment.promoted": "RUNNING",
    "deployment.error": "FAILED",
    "deployment.canceled": "CANCELLED",
}
RENDER = {"succeeded": "RUNNING", "failed": "FAILED", "canceled": "CANCELLED"}
STATUSES = ("QUEUED", "BUILDING", "DEPLOYING", "HEALTH_CHECK", "RUNNING", "FAILED", "CANCELLED")


@dataclass(frozen=True, slots=True)
class Report:
    """`repositories` and `name` say which service it is about. `ignored`: why nothing is done with it.
    `own`: it is about a branch of our own fixes; `news` is what it says of its pull request or checks."""

    repositories: tuple[str, ...] = ()
    name: str = ""
    external_id: str = ""
    status: str = ""
    commit: str = ""
    branch: str = ""
    environment: str = ""
    reason: str = ""
    log: str = ""
    log_url: str = ""
    ignored: str = ""
    alerts: tuple[dict[str, Any], ...] = field(default=())
    own: bool = False
    news: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read(source: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Report:
    """Never fails: what can't be used has `ignored`."""
    report = READERS[source](headers, body)
    news = branches.read(source, headers, body)
    if news is not None and news["branch"].startswith(OURS):
        return Report(report.repositories, report.name, own=True, news=news)
    return replace(report, own=report.branch.startswith(OURS))


def _github(headers: Mapping[str, str], body: Mapping[str, Any]) -> Report:
    event = headers.get("x-github-event", "")
    urls = tuple(u for u in (text(body, "repository", k, most=500) for k in ("clone_url", "html_url")) if u)
    if event == "deployment_status":
        state = text(body, "deployment_status", "state")
        return Report(
            repositories=urls,
            external_id=f"deployment:{text(body, 'deployment', 'id')}",
            status=GITHUB.get(state, ""),
            commit=text(body, "deployment", "sha", most=64),
            branch=text(body, "deployment", "ref"),
            environment=text(body, "deployment", "environment", most=80),
            reason=text(body, "deployment_status", "description", most=500),
            log_url=text(body, "deployment_status", "log_url", most=500),
            ignored="" if state in GITHUB else f"The state {state[:40]!r} changes nothing.",
        )
    if event == "workflow_run":
        conclusion = text(body, "workflow_run", "conclusion")
        known = conclusion in CONCLUSIONS and text(body, "action") == "completed"
        name = text(body, "workflow_run", "name")
        return Report(
            repositories=urls,
            external_id=f"run:{text(body, 'workflow_run', 'id')}:{text(body, 'workflow_run', 'run_attempt')}",
            status=CONCLUSIONS.get(conclusion, ""),
            commit=text(body, "workflow_run", "head_sha", most=64),
            branch=text(body, "workflow_run", "head_branch"),
            reason=f"Workflow {name} ended with {conclusion}." if name else "",
            log_url=text(body, "workflow_run", "html_url", most=500),
            ignored="" if known else "Only workflow runs that ended badly are recorded.",
        )
    return Report(urls, ignored=f"The event {event[:40]!r} is not used.")


def _gitlab(headers: Mapping[str, str], body: Mapping[str, Any]) -> Report:
    kind = text(body, "object_kind")
    urls = tuple(u for u in (text(body, "project", k, most=500) for k in ("git_http_url", "web_url")) if u)
    if kind == "deployment":
        status = text(body, "status")
        return Report(
            repositories=urls,
            external_id=f"deployment:{text(body, 'deployment_id')}",
            status=GITLAB.get(status, ""),
            commit=text(body, "short_sha", most=64),
            branch=text(body, "ref"),
            environment=text(body, "environment", most=80),
            log_url=text(body, "deployable_url", most=500),
            ignored="" if status in GITLAB else f"The status {status[:40]!r} changes nothing.",
        )
    if kind != "pipeline":
        return Report(urls, ignored=f"The event {kind[:40]!r} is not used.")
    status = text(body, "object_attributes", "status")
    return Report(
        repositories=urls,
        external_id=f"pipeline:{text(body, 'object_attributes', 'id')}",
        status=GITLAB.get(status, ""),
        commit=text(body, "object_attributes", "sha", most=64),
        branch=text(body, "object_attributes", "ref"),
        reason=_failed_jobs(body) if status == "failed" else "",
        log_url=text(body, "object_attributes", "url", most=500),
        ignored="" if status in GITLAB else f"The status {status[:40]!r} changes nothing.",
    )


def _failed_jobs(body: Mapping[str, Any]) -> str:
    builds = at(body, "builds")
    failed = [
        f"{text(job, 'name')} ({text(job, 'stage')}): {text(job, 'failure_reason') or 'failed'}"
        for job in (builds if isinstance(builds, list) else [])
        if text(job, "status") == "failed" and at(job, "allow_failure") is not True
    ]
    return "; ".join(failed[:5])[:500]


def _bitbucket(headers: Mapping[str, str], body: Mapping[str, Any]) -> Report:
    """It tells of no deployment; of pull requests and builds see `branches`."""
    url = text(body, "repository", "links", "html", "href", most=500)
    event = headers.get("x-event-key", "")
    return Report((url,) if url else (), ignored=f"The event {event[:40]!r} is not used.")


def _vercel(headers: Mapping[str, str], body: Mapping[str, Any]) -> Report:
    kind, meta = text(body, "type"), at(body, "payload", "deployment", "meta")
    owner, name = text(meta, "githubOrg"), text(meta, "githubRepo")
    return Report(
        repositories=(f"https://github.com/{owner}/{name}",) if owner and name else (),
        name=text(body, "payload", "deployment", "name"),
        external_id=text(body, "payload", "deployment", "id"),
        status=VERCEL.get(kind, ""),
        commit=text(meta, "githubCommitSha", most=64),
        branch=text(meta, "githubCommitRef"),
        environment=text(body, "payload", "target", most=80) or "preview",
        log_url=text(body, "payload", "links", "deployment", most=500),
        ignored="" if kind in VERCEL else f"The event {kind[:40]!r} is not used.",
    )


def _render(headers: Mapping[str, str], body: Mapping[str, Any]) -> Report:
    kind, ended = text(body, "type"), text(body, "data", "status")
    if kind.endswith("_started"):
        status = "BUILDING" if kind == "build_started" else "DEPLOYING"
    elif kind == "build_ended" and ended == "succeeded":
        status = "DEPLOYING"
    else:
        status = RENDER.get(ended, "")
    known = kind in {"build_started", "build_ended", "deploy_started", "deploy_ended"} and status
    return Report(
        name=text(body, "data", "serviceName"),
        status=status,
        reason=f"Render: {kind} {ended}." if status == "FAILED" else "",
        ignored="" if known else f"The event {kind[:40]!r} is not used.",
    )


def _generic(headers: Mapping[str, str], body: Mapping[str, Any]) -> Report:
    status = text(body, "status").upper()
    url = text(body, "repository_url", most=500)
    return Report(
        repositories=(url,) if url else (),
        name=text(body, "service"),
        external_id=text(body, "external_id"),
        status=status,
        commit=text(body, "commit", most=64),
        branch=text(body, "branch"),
        environment=text(body, "environment", most=80),
        reason=text(body, "reason", most=500),
        log=log[:2_000_000] if isinstance(log := body.get("log"), str) else "",
        ignored="" if status in STATUSES else f"status must be one of {', '.join(STATUSES)}.",
    )


def _alertmanager(headers: Mapping[str, str], body: Mapping[str, Any]) -> Report:
    listed = at(body, "alerts")
    alerts = tuple(
        {
            "fingerprint": text(one, "fingerprint", most=64),
            "name": text(one, "labels", "alertname") or "alert",
            "severity": text(one, "labels", "severity", most=40),
            "summary": text(one, "annotations", "summary", most=500)
            or text(one, "annotations", "description", most=500),
            "firing": text(one, "status") == "firing",
            "starts_at": text(one, "startsAt", most=40),
            "ends_at": text(one, "endsAt", most=40),
        }
        for one in (listed if isinstance(listed, list) else [])[:100]
    )
    labels = at(body, "commonLabels")
    name = text(labels, "service") or text(labels, "app") or text(labels, "job")
    return Report(name=name, alerts=alerts, ignored="" if alerts else "There is no alert in it.")


READERS: Mapping[str, Callable[[Mapping[str, str], Mapping[str, Any]], Report]] = {
    "github": _github,
    "gitlab": _gitlab,
    "bitbucket": _bitbucket,
    "vercel": _vercel,
    "render": _render,
    "generic": _generic,
    "alertmanager": _alertmanager,
}
