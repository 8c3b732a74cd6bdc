"""Fix attempts in their different ends, and approvals: one verified and merged, one open, one stopped for
cheating, one failed, one that waits for a person. Patches and check outputs are those of real runs."""

from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha1
from typing import Any

from django.utils import timezone

from aiops_site.demo import services
from aiops_site.demo.shop import FORGE
from intelligence.approval import approvals
from intelligence.models import Approval, Deployment, Status
from jules.autofix import PREFIX
from jules.models import STEPS, FixAttempt, FixStep
from jules.patch import cheats
from jules.work.plan import APPROVE, counted, digest
from jules.work.redeploy import DEPLOY
from providers.trail import audit

TEST = 'def test_discount():\n    assert price(10) == 80, "ten cost eighty"\n'
SECONDS = (1.2, 41.0, 24.3, 2.2, 1.1)  # of the steps
WAITS, HOURS = timedelta(days=3), timedelta(hours=2)


def write(team: dict[str, Any]) -> None:
    _verified(team["mara"])
    _open(team["mara"])
    _cheat(team["ivo"])
    _failed(team["ada"])
    _waiting(team["ivo"])
    _denied(team)


def _failure(service: str, log_says: str, newest: bool = True) -> Deployment:
    rows = Deployment.objects.filter(
        service=services.id_of(service), status=Status.FAILED, reason__contains=log_says
    )
    return rows.select_related("service").order_by("-created_at" if newest else "created_at")[0]


def _attempt(
    failed: Deployment, by: Any, diff: str, logs: dict[str, str], *, state: str, last: str, **fields: Any
) -> FixAttempt:
    """`logs`: what each step said; `last` is the step that it stands in."""
    at = failed.finished_at + timedelta(minutes=2)
    patch = services.text(diff) if diff else ""
    analysis = failed.analyses.first()
    quotes = [one["quote"] for one in analysis.result["patterns"]] if analysis else []
    made = FixAttempt.objects.create(
        deployment=failed,
        service=failed.service,
        lineage=failed.pk,
        state=state,
        step=last,
        cause=analysis.result["cause"][:300] if analysis else "",
        context={"evidence": quotes[:3]},
        base_branch="main",
        base_sha=failed.commit,
        branch=f"{PREFIX}{failed.pk}",
        sha=sha1(patch.encode(), usedforsecurity=False).hexdigest() if patch else "",
        diff=patch,
        diff_bytes=len(patch.encode()),
        files=counted(patch),
        requested_by=by,
        requester=by.get_username(),
        started_at=at,
        finished_at=None if state == "running" else at + timedelta(seconds=sum(SECONDS)),
        **fields,
    )
    FixAttempt.objects.filter(pk=made.pk).update(created_at=at, updated_at=at)
    _steps(made, at, logs, last, state)
    audit.record("fix.start", audit.Thing("fix", str(made.pk), failed.service.name), by=by)
    return made


def _steps(made: FixAttempt, at: datetime, logs: dict[str, str], last: str, state: str) -> None:
    reached = STEPS.index(last)
    for n, (name, took) in enumerate(zip(STEPS, SECONDS, strict=True)):
        here = "waiting" if n > reached else "done"
        if n == reached and state != "succeeded":
            here = "running" if state == "running" else "failed"
        ends = at + timedelta(seconds=took)
        FixStep.objects.create(
            attempt=made,
            n=n + 1,
            name=name,
            state=here,
            log=logs.get(name, ""),
            started_at=at if n <= reached else None,
            finished_at=ends if here in ("done", "failed") else None,
        )
        at = ends


def _check(log: str, exit_code: int, seconds: float) -> dict[str, Any]:
    told = {"command": "pytest -q", "exit_code": exit_code, "killed_by": ""}
    return told | {"seconds": seconds, "output": services.text(log)}


def _pull(service: str, number: int, state: str, **more: Any) -> dict[str, Any]:
    url = f"{FORGE}/shop/{service}/pull/{number}"
    return {"pr_number": number, "pr_url": url, "pr_state": state, "pr_seen_at": timezone.now()} | more


def _verified(by: Any) -> None:
    failed = _failure("checkout-api", "pytest")
    logs = {
        "collect": f"Cloning main of {failed.service.repository_url}.\n$ pytest -q\n1 failed, 31 passed in 1.63s",
        "ask": "claude-sonnet-5 proposes a change of 1 file.",
        "plan": "1 of 5 files, 337 of 50,000 bytes.\n$ pytest -q\n32 passed in 1.49s\nThe command passes.",
        "push": f"Pushed {PREFIX}{failed.pk}.",
        "pull_request": "Pull request 88 is open.",
    }
    _attempt(
        failed, by, "cart.diff", logs, state="succeeded", last="pull_request",
        engine="chat", model="claude-sonnet-5", cost_usd=Decimal("0.0214"), verified=True,
        description="Ten pieces are 20 % off, as the test and the price list say.",
        red=_check("cart_before", 1, 1.94), green=_check("cart_after", 0, 1.77),
        **_pull("checkout-api", 88, "merged", ci_state="success", pr_closed_at=failed.finished_at + HOURS),
    )  # fmt: skip


def _open(by: Any) -> None:
    failed = _failure("billing", "pip")
    logs = {
        "collect": f"Cloning main of {failed.service.repository_url}.",
        "ask": "gpt-6-luna proposes a change of 1 file.",
        "plan": "1 of 5 files, 214 of 50,000 bytes.",
        "push": f"Pushed {PREFIX}{failed.pk}.",
        "pull_request": "Pull request 41 is open.",
    }
    _attempt(
        failed, by, "pip.diff", logs, state="succeeded", last="pull_request",
        engine="chat", model="gpt-6-luna", cost_usd=Decimal("0.0098"), unverified="no check command",
        description="Raises werkzeug to 3.1.3, which flask 3.0.0 asks for.",
        **_pull("billing", 41, "open", ci_state="success"),
    )  # fmt: skip


def _cheat(by: Any) -> None:
    """The patch that takes the failing test away; the very check that stops such patches says why."""
    failed = _failure("checkout-api", "pytest", newest=False)
    before = f"from cart import price\n\n\n{TEST}"
    found = cheats.find([cheats.File("test_cart.py", before, "from cart import price\n")])
    said = "Stopped: " + " ".join(one.says for one in found[:3])
    _attempt(
        failed, by, "cheat.diff", {"plan": said}, state="failed", last="plan",
        engine="chat", model="deepseek-chat", cost_usd=Decimal("0.0031"), error=said,
        description="Takes a test out that no longer holds.", red=_check("cart_before", 1, 1.94),
        findings=[{"path": f.path, "rule": f.rule, "line": f.line, "says": f.says} for f in found],
    )  # fmt: skip


def _failed(by: Any) -> None:
    failed = _failure("mailer", "health check")
    said = "No recipe knows this failure, and no model is asked: the engine of this service is local."
    _attempt(failed, by, "", {"ask": said}, state="failed", last="ask", engine="local", error=said)


def _waiting(by: Any) -> None:
    failed = _failure("checkout-api", "health check")
    made = _attempt(
        failed, by, "env.diff", {"plan": "Waiting for a person to approve it."}, state="running", last="plan",
        engine="senate", model="senate, 5 members", cost_usd=Decimal("0.0871"),
        description="Sets PAYMENT_URL for the web process, as the settings page of payments names it.",
        unverified="the failure comes from the environment, not from the tests",
    )  # fmt: skip
    made.approval = approvals.request(
        APPROVE,
        {"attempt": made.pk, "service": made.service.name, "diff_sha256": digest(made.diff)},
        user=by,
        requester=by.get_username(),
        target=made.service.name,
        title=f"Push the fix of {made.service.name}",
        why=made.description,
        evidence_url=f"/jules/{made.pk}/",
        touches=[
            ["Repository", made.service.repository_url],
            ["Branch", made.branch],
            ["File", "deploy.yaml +2 -0"],
        ],
        lasts=WAITS,
    )
    made.save(update_fields=["approval"])


def _denied(team: dict[str, Any]) -> None:
    """A deployment that was asked for and denied, and one that nobody answered in time."""
    made = FixAttempt.objects.get(service=services.id_of("billing"))
    for sha, lasts in ((made.sha, WAITS), (made.base_sha, timedelta(seconds=-1))):
        asked = approvals.request(
            DEPLOY,
            {"attempt": made.pk, "branch": made.branch, "commit": sha},
            user=team["jun"],
            requester="demo-jun",
            target="billing",
            title=f"Deploy {made.branch} of billing",
            why="The pull request is open since yesterday.",
            evidence_url=f"/jules/{made.pk}/",
            touches=[["Service", "billing"], ["Environment", "production"]],
            lasts=lasts,
        )
        if lasts > timedelta(0):
            approvals.decide(asked.pk, team["mara"], "deny", "Merge it first; the check has not run on it.")
        Approval.objects.filter(pk=asked.pk).update(created_at=timezone.now() - timedelta(hours=20))
    approvals.expire()
