"""From a failed deployment to one that runs, with nobody's help but an approval.

`manage.py up`, the local deployer in the sandbox, real tools, git over HTTP, three forges, a model over HTTP.
"""

import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.aiops_site.running import until
from tests.fakes import modes
from tests.fakes.git_server import TOKEN
from tests.flow.people import mara, told
from tests.jules.broken import BROKEN, Broken
from tests.jules.conftest import needs_sandbox

pytestmark = needs_sandbox
FORGES = ("github", "gitlab", "bitbucket")
ASKED = Broken(  # no recipe knows this: a model is asked
    "model",
    {"app.py": "def total(rows):\n    return sum(rows) / 0\n\n\nprint(total([1, 2]))\n"},
    "python3 app.py",
    "",
    "app.py",
    "sum(rows) / 1",
)
HOPELESS = Broken("hopeless", {"app.py": "raise SystemExit('the moon is wrong')\n"}, "python3 app.py")
FIX = {
    "fix_description": "It divides by zero. Divides by one.",
    "files_to_change": ["app.py"],
    "suggested_changes": [{"path": "app.py", "edits": [{"search": "/ 0", "replace": "/ 1"}]}],
}


@dataclass
class Ended:
    """What the API says of one service when all is over."""

    case: Broken
    kind: str
    service: dict[str, Any]
    failed: dict[str, Any]
    again: list[dict[str, Any]]
    attempts: list[dict[str, Any]]


def made(api: httpx.Client, git: Any, forge: Any, case: Broken, n: int) -> dict[str, Any]:
    """A service with its repository; every second one's deployments of fixes need a person's yes."""
    kind = FORGES[n % 3]
    about = {
        "name": case.recipe,
        "repository_url": git.make(f"team/{case.recipe}", case.files),
        "forge": kind,
        "forge_api_url": forge.api(kind),
        "forge_token": TOKEN,
        "build_command": case.build,
        "check_command": case.check,
        "deployer": "local",
        "fix_engine": "chat" if case is ASKED else "local",
        "deploy_needs_approval": n % 2 == 0,
    }
    return told(api.post("/api/v1/services/", json=about))


def model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = modes.written

    def written(model: str, question: str, system: str, schema: Any) -> str:
        return (
            json.dumps(FIX)
            if "You mend failed deployments" in system
            else ordinary(model, question, system, schema)
        )

    monkeypatch.setattr(modes, "written", written)


@pytest.fixture(scope="module")
def api(site):
    with mara(site) as client:
        yield client


@pytest.fixture(scope="module")
def ended(api, fake, git, forge):
    """All broken services deployed at once; name -> how it went. Approvals are given as they are asked for."""
    config = {"openai_api_key": "sk-flow-0123456789abcdef0123", "openai_base_url": fake.openai_url}
    told(api.post("/api/v1/ai/providers/update/", json=config))
    cases = {case.recipe: case for case in (*BROKEN, ASKED, HOPELESS)}
    with pytest.MonkeyPatch.context() as patched:
        model_says(patched)
        services = {name: made(api, git, forge, case, n) for n, (name, case) in enumerate(cases.items())}
        for service in services.values():
            told(api.post(f"/api/v1/services/{service['id']}/deployments/", json={}))
        until(lambda: all_over(api), "every service but one runs again", seconds=240)
    return {name: looked(api, cases[name], service) for name, service in services.items()}


def all_over(api: httpx.Client) -> bool:
    waiting = told(api.get("/api/v1/ops/approvals/", params={"state": "pending"}))["results"]
    for one in waiting:
        told(api.post(f"/api/v1/ops/approvals/{one['id']}/", json={"decision": "approve", "reason": "fine"}))
    rows = told(api.get("/api/v1/services/", params={"page_size": 200}))["results"]
    states = {row["name"]: row["state"] for row in rows}
    return states.pop("hopeless") == "FAILED" and set(states.values()) == {"RUNNING"}


def looked(api: httpx.Client, case: Broken, service: dict[str, Any]) -> Ended:
    place = f"/api/v1/services/{service['id']}/deployments/"
    *again, failed = told(api.get(place))["results"]
    history = told(api.get(f"/api/v1/jules/history/{service['id']}/"))["results"]
    attempts = [told(api.get(f"/api/v1/jules/attempts/{row['id']}/")) for row in history]
    return Ended(case, service["forge"], service, failed, again, attempts)


@pytest.mark.parametrize("name", [case.recipe for case in (*BROKEN, ASKED)])
def test_a_broken_service_is_explained_fixed_and_runs_again(name, ended, api, git, forge):
    one, repo, branch = ended[name], f"team/{name}", f"jules/auto-fix-{ended[name].failed['id']}"
    assert one.failed["status"] == "FAILED" and one.failed["reason"]
    [attempt] = one.attempts
    log = "\n".join(step["log"] for step in attempt["steps"])
    assert (attempt["state"], attempt["error"], attempt["verified"]) == ("succeeded", "", True), log
    assert ("Asking openai/" if one.case is ASKED else f"Recipe {name}:") in log
    assert [step["state"] for step in attempt["steps"]] == ["done"] * 5
    assert (attempt["red"]["exit_code"] != 0, attempt["green"]["exit_code"]) == (True, 0)
    assert set(git.branches(repo)) == {"main", branch} and git.branches(repo)[branch] == attempt["commit"]
    assert one.case.holds in git.show(repo, branch, one.case.file)
    [pull] = [pull for pull in forge.pulls if pull.repo == repo]
    assert (pull.branch, pull.base, pull.draft, pull.state) == (branch, "main", False, "open")
    assert pull.labels == ([] if one.kind == "bitbucket" else ["jules", "auto-fix"])
    assert "**Verified.**" in pull.body and TOKEN not in pull.body + json.dumps(attempt)
    assert attempt["pull_request"]["url"].startswith(forge.url)
    [again] = one.again
    assert (again["status"], again["branch"], again["commit"]) == ("RUNNING", branch, attempt["commit"])
    assert again["fixes"] == one.failed["id"] and attempt["redeployment_id"] == again["id"]


def test_each_failure_was_explained(ended, api):
    rows = told(api.get("/api/v1/analyses/", params={"page_size": 200}))["results"]
    causes = {row["deployment"]: row["cause"] for row in rows if row["healthy"] is False}
    assert [name for name, one in ended.items() if not causes.get(one.failed["id"])] == []


def test_half_of_the_deployments_waited_for_a_person_and_half_did_not(ended, api):
    rows = told(api.get("/api/v1/ops/approvals/", params={"page_size": 200}))["results"]
    asked = {row["target"] for row in rows if row["act"] == "jules.deploy" and row["state"] == "done"}
    assert asked == {
        one.service["name"] for one in ended.values() if one.service["deploy_needs_approval"] and one.again
    }
    assert len(asked) == 8


def test_what_no_recipe_knows_ends_in_words_and_is_not_tried_again(ended, forge):
    [attempt] = ended["hopeless"].attempts
    assert (attempt["state"], attempt["step"]) == ("failed", "ask") and "No recipe fits" in attempt["error"]
    assert attempt["headline"] == "Jules auto-fix did not create a PR" and ended["hopeless"].again == []
    assert not [pull for pull in forge.pulls if pull.repo == "team/hopeless"]
