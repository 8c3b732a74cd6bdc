"""What the page of a deployment shows: steps, cause, a window of its log. The same dict is its JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse

from intelligence.analysis import recommendations, shown, summaries
from intelligence.fleet.pages import FAILING, LABELS, deployment_row, may_change
from intelligence.fleet.states import STEPS
from intelligence.logs import viewer
from intelligence.models import ENDED, Deployment, Status
from providers.runtime.watching import version

MOST_QUOTED = 50  # lines that one finding marks


def page_of(user: Any, one: Deployment, with_lines: bool, page: str = "", line: str = "") -> dict[str, Any]:
    """The deployment with its steps, cause and a window of its log: around `line` where one is asked for; `page`
    is of 2,000 lines, for readers without JavaScript."""
    cause = cause_of(one)
    marks = marks_of(cause)
    here = reverse("intelligence:deployment", args=[one.pk])
    changes = may_change(user)
    return {
        **deployment_row(one),
        "commit_id": one.commit,
        "open": one.status not in ENDED,
        "service": {
            "id": str(one.service_id),
            "name": one.service.name,
            "url": reverse("intelligence:service", args=[one.service_id]),
            "deployer": one.service.deployer,
        },
        "steps": steps(one),
        "cause": cause,
        "note": summaries.beside(one) if cause["analysis"] else one.summary,
        "log": log_of(one, marks, page, line) if with_lines else log_facts(one, marks),
        "here": here,
        "lines_url": reverse("intelligence:deployment-lines", args=[one.pk]),
        "find_url": reverse("intelligence:deployment-find", args=[one.pk]),
        "download_url": reverse("intelligence:deployment-download", args=[one.pk]),
        "cancel_url": reverse("intelligence:deployment-cancel", args=[one.pk]),
        "deploy_url": reverse("intelligence:deploy", args=[one.service_id]),
        "may_cancel": changes and one.status not in ENDED and one.origin in ("local", "hook"),
        "may_fix": changes and one.status == Status.FAILED,
        "may_deploy": changes and one.service.deployer != "none" and one.status in ENDED,
        "version": version("deployments"),
    }


def log_facts(one: Deployment, marks: Mapping[int, int]) -> dict[str, Any]:
    return {"lines": one.log_lines, "bytes": one.log_bytes, "marks": sorted(marks)}


def log_of(one: Deployment, marks: Mapping[int, int], page: str, line: str) -> dict[str, Any]:
    """The window of the log that comes with the page, and where its reader shall be led: `from`, 0 for nowhere."""
    first, count = viewer.window(one, page, line, marks)
    asked = min(viewer.number(line), one.log_lines)
    return {
        **log_facts(one, marks),
        "first": first,
        "line": asked,
        "from": asked or (first if viewer.number(page) else 0),
        "blocks": viewer.blocks(one, first, count, marks, asked),
        "pages": pages(one, first),
    }


def marks_of(cause: Mapping[str, Any]) -> dict[int, int]:
    """Line -> number of the finding that quotes it; the first that does counts."""
    marks: dict[int, int] = {}
    for finding in cause["evidence"]:
        for n in range(finding["first"], min(finding["last"], finding["first"] + MOST_QUOTED) + 1):
            marks.setdefault(n, finding["n"])
    return marks


def pages(one: Deployment, first: int) -> list[dict[str, Any]]:
    """Links to pages of the log, for readers without JavaScript."""
    count = -(-one.log_lines // viewer.PAGE)
    if count < 2:
        return []
    here = (first - 1) // viewer.PAGE + 1
    chosen = sorted({1, *range(max(1, here - 2), min(count, here + 2) + 1), count})
    return [{"label": str(n), "url": f"?page={n}#log", "current": n == here} for n in chosen]


def cause_of(one: Deployment) -> dict[str, Any]:
    """What is known of why it failed: {sentence, analysis, evidence: [{n, first, last, code, role, confidence,
    says, quote}], hypotheses}.

    `analysis` is what the analyst found, None until it has looked. The page shows it as soon as it is there.
    """
    sentence = {
        "FAILED": one.reason or "It failed; nobody said why.",
        "CANCELLED": one.reason,
        "RUNNING": "It runs.",
        "QUEUED": "It waits for a worker." if one.service.deployer != "none" else "It was announced.",
        "BUILDING": "The build runs. Its log stands here as it is written.",
        "DEPLOYING": "What was built is put in place.",
        "HEALTH_CHECK": "It is looked at before it counts as running.",
    }[one.status]
    return {"sentence": sentence, **explained(one)}


def explained(one: Deployment) -> dict[str, Any]:
    """What its newest finished analysis says, in the shape of `cause_of`; `reading` while one is under way."""
    newest = one.analyses.select_related("reviewed_by", "service").order_by("-created_at")
    done = newest.filter(state="done").first()
    reading = one.status == "FAILED" and not newest.exclude(state__in=("queued", "running")).exists()
    if done is None:
        return {"analysis": None, "evidence": [], "hypotheses": [], "reading": reading}
    steps = [shown.recommendation(step) for step in recommendations.of(done).exclude(state="rejected")[:5]]
    told = {"analysis": {**shown.run_row(done), "steps": steps}, "reading": reading}
    return {**told, "evidence": shown.evidence(done), "hypotheses": (done.result or {}).get("hypotheses", [])}


def steps(one: Deployment) -> list[dict[str, Any]]:
    """The stepper: what is done, what runs, where it stopped, and how long each took."""
    stamps = {
        "QUEUED": one.created_at,
        "BUILDING": one.started_at,
        "DEPLOYING": one.deploying_at,
        "HEALTH_CHECK": one.checking_at,
    }
    ended = one.status in ENDED
    at = one.failed_in if one.status in (Status.FAILED, Status.CANCELLED) else one.status
    at = "HEALTH_CHECK" if at == "RUNNING" and one.status == FAILING else at
    place = STEPS.index(at) if at in STEPS else 0
    made = []
    for n, name in enumerate(STEPS[:-1]):
        state_ = "done" if n < place else ("stopped" if ended else "now") if n == place else ""
        made.append({"name": LABELS[name], "state": state_, "note": lasted(name, stamps, one.finished_at)})
    return made


def lasted(name: str, stamps: Mapping[str, datetime | None], finished: datetime | None) -> str:
    began = stamps[name]
    later = [moment for moment in (*stamps.values(), finished) if moment and began and moment > began]
    if began is None or not later:
        return ""
    seconds = int((min(later) - began).total_seconds())
    return f"{seconds // 60}:{seconds % 60:02d}"
