import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from intelligence.approval import approvals
from intelligence.models import Approval, Deployment
from jules.models import FixAttempt
from jules.views.diff import files_of
from tests.jules.conftest import needs_sandbox

pytestmark = pytest.mark.django_db(transaction=True)
FILES = {"src/server.py": "print('up')\n", "start.sh": "python3 app/server.py\n"}
DIFF = """diff --git a/<b>.py b/<b>.py
--- a/<b>.py
+++ b/<b>.py
@@ -1,2 +1,3 @@ def <i>
 import os
-x = "<script>"
+x = 1
+--y
"""


@pytest.fixture
def page_of(everyone):
    def client(name):
        made = Client()
        made.force_login(everyone[name])
        return made

    return client


def test_a_diff_becomes_rows_and_pairs_with_every_text_escaped():
    [file] = files_of(DIFF)
    assert (file["path"], file["added"], file["removed"]) == ("<b>.py", 2, 1)
    assert [(r["kind"], r["old"], r["new"]) for r in file["rows"][1:]] == [
        ("same", 1, 1), ("del", 2, ""), ("add", "", 2), ("add", "", 3),
    ]  # fmt: skip
    assert "<script" not in "".join(r["html"] for r in file["rows"]) and 'class="hl-k"' in file["rows"][1]["html"]
    assert [(a and a["kind"], b and b["kind"]) for a, b in file["pairs"][1:]] == [
        ("same", "same"), ("del", "add"), (None, "add"),
    ]  # fmt: skip


@needs_sandbox
def test_the_page_of_a_fix_shows_proof_diff_and_its_pull_request(service_of, failed, fixed, page_of):
    attempt = fixed(failed(service_of(FILES, "sh start.sh")))
    page = page_of("lee").get(f"/jules/{attempt.pk}/").content.decode()
    for words in ("Verified", "exit 2", "exit 0", "Open pull request 1", "1 of 5 files", "src/server.py", "Proof"):
        assert words in page
    FixAttempt.objects.update(ci_state="failure")
    assert "open, CI red" in page_of("lee").get("/jules/").content.decode()
    assert "open, CI red" in page_of("lee").get(f"/jules/{attempt.pk}/").content.decode()
    assert "style=" not in page and "/retry/" not in page
    split = page_of("lee").get(f"/jules/{attempt.pk}/?view=split", headers={"HX-Request": "true"}).content.decode()
    assert "diff-split" in split and "<html" not in split
    listed = page_of("lee").get("/jules/?state=succeeded").content.decode()
    assert f'href="/jules/{attempt.pk}/"' in listed and "failed before, pass after" in listed
    assert "No fix matches." in page_of("lee").get("/jules/?state=failed").content.decode()


def test_a_failed_fix_says_so_with_its_step_and_goes_on_from_there(
    service_of, failed, fixed, page_of, forge, world
):
    attempt = fixed(failed(service_of({"app.py": "1/0\n"}), log="ZeroDivisionError: division by zero\n"))
    ivo = page_of("ivo")
    page = ivo.get(f"/jules/{attempt.pk}/").content.decode()
    assert "Jules auto-fix did not create a PR" in page and "No recipe fits this failure" in page
    assert "Step: ask" in page and forge.pulls == []
    assert ivo.post(f"/jules/{attempt.pk}/retry/")["Location"] == f"/jules/{attempt.pk}/"
    attempt.refresh_from_db()
    assert (attempt.state, attempt.rounds, world[-1]) == ("queued", 2, attempt.pk)
    assert [s.state for s in attempt.steps.all()] == ["done", "waiting", "waiting", "waiting", "waiting"]
    assert page_of("lee").post(f"/jules/{attempt.pk}/retry/").status_code == 403


def test_every_figure_leads_to_exactly_its_fixes(service_of, failed, page_of):
    """Of fixes whose ends are set here: each figure's link lists as many rows as it says."""
    service = service_of({"app.py": "1/0\n"})
    ends: list[dict[str, Any]] = [
        {"state": "succeeded", "verified": True, "pr_state": "merged"},
        {"state": "succeeded", "verified": True, "pr_state": "open"},
        {"state": "succeeded", "pr_state": "closed"},
        {"state": "failed"},
        {"state": "failed", "created_at": timezone.now() - timedelta(days=31)},
    ]
    for n, end in enumerate(ends):
        of = failed(service)
        made = FixAttempt.objects.create(service=service, deployment=of, lineage=of.pk)
        FixAttempt.objects.filter(pk=made.pk).update(pr_url=f"https://forge.example/{n}", **end)
    page = page_of("ivo").get("/jules/").content.decode()
    links = {href: int(n) for href, n in re.findall(r'<a href="(\?days=30[^"]*)">(\d+)', page)}
    assert sorted(links.values()) == [1, 1, 1, 1, 2, 3, 4]
    for href, figure in links.items():
        listed = page_of("ivo").get("/jules/" + html.unescape(href)).content.decode()
        assert listed.count("<tr data-row>") == figure, href
    assert page_of("ivo").get("/jules/?pull=gone").status_code == 400


def test_no_fix_yet_says_whether_auto_fix_is_off(page_of, settings):
    assert "Auto-fix is off for all services." in page_of("lee").get("/jules/").content.decode()
    settings.JULES_AUTO_FIX = True
    assert "Auto-fix is off" not in page_of("lee").get("/jules/").content.decode()


@needs_sandbox
def test_a_deployment_of_the_branch_waits_on_the_approvals_page(service_of, failed, fixed, page_of, everyone):
    service = service_of(FILES, "sh start.sh", deployer="local", auto_deploy=True)
    attempt = fixed(failed(service), user=everyone["ivo"])
    asked = Approval.objects.get()
    assert Deployment.objects.count() == 1 and attempt.approval == asked
    own = page_of("ivo").get("/approvals/").content.decode()
    assert (
        "You asked for this; somebody else decides." in own
        and "Approve" not in own.split("<main")[1].split("</h1>")[1]
    )
    mara = page_of("mara")
    assert f"Deploy jules/auto-fix-{attempt.deployment_id}" in mara.get("/approvals/").content.decode()
    assert mara.post(f"/approvals/{asked.pk}/", {"decision": "approve", "reason": "fine"}).status_code == 302
    made = Deployment.objects.get(fixes=attempt.deployment)
    assert (made.branch, made.commit, made.status) == (attempt.branch, attempt.sha, "QUEUED")
    again = mara.post(f"/approvals/{asked.pk}/", {"decision": "approve"})
    assert again.status_code == 409 and "done already" in again.content.decode()
    assert "Nothing waits for you." in mara.get("/approvals/").content.decode()
    assert "fine" in mara.get("/approvals/?tab=decided").content.decode()
    assert approvals.waiting_for(everyone["mara"]).count() == 0


def test_arguments_are_shown_exactly_with_escapes_visible(everyone, page_of):
    approvals.register(approvals.Act("test.exact", lambda a, b: 1, lambda a: {}))
    one = {"user": None, "requester": "bot", "target": "shop", "title": "Do it"}
    approvals.request("test.exact", {"name": "a\u202eb<i>"}, **one)
    page = page_of("mara").get("/approvals/").content.decode()
    assert "&quot;a\\u202eb&lt;i&gt;&quot;" in page
    assert FixAttempt.objects.count() == 0


def test_a_failed_deployments_page_has_a_button_that_starts_a_fix(service_of, failed, page_of, world):
    deployment = failed(service_of(FILES))
    page = page_of("ivo").get(f"/deployments/{deployment.pk}/").content.decode()
    assert f'name="deployment_id" value="{deployment.pk}"' in page
    assert 'name="deployment_id"' not in page_of("lee").get(f"/deployments/{deployment.pk}/").content.decode()
    answer = page_of("ivo").post("/jules/fix/", {"deployment_id": str(deployment.pk)})
    attempt = FixAttempt.objects.get()
    assert answer["Location"] == f"/jules/{attempt.pk}/" and world == [attempt.pk]
    assert (attempt.engine, attempt.requester) == ("local", "ivo")
