"""A fix watched in a browser: it arrives and moves on without a reload, and is approved by keyboard alone."""

import json

import pytest

from tests.aiops_site.running import until
from tests.fakes import modes
from tests.fakes.git_server import TOKEN
from tests.flow.looking import faults_of
from tests.flow.people import mara, told, url
from tests.flow.test_first_light import settled, sign_in
from tests.flow.test_fixed_by_itself import FIX
from tests.jules.conftest import needs_sandbox

pytestmark = [pytest.mark.browser, needs_sandbox]
FILES = {"app.py": "print(1 / 0)\n", "README.md": "# Shop\n"}
TABS = 80


@pytest.fixture(scope="module")
def api(site):
    with mara(site) as client:
        yield client


@pytest.fixture
def held(fake, monkeypatch):
    """The model answers only after `fake.release()`."""
    ordinary = modes.written

    def written(model, question, system, schema):
        fixing = "You mend failed deployments" in system
        return json.dumps(FIX) if fixing else ordinary(model, question, system, schema)

    monkeypatch.setattr(modes, "written", written)
    fake.set_mode("hold")
    yield fake
    fake.release()
    fake.set_mode("slow", pause=0.01)


@pytest.fixture(scope="module")
def service(api, fake, git, forge):
    config = {"openai_api_key": "sk-flow-0123456789abcdef0123", "openai_base_url": fake.openai_url}
    told(api.post("/api/v1/ai/providers/update/", json=config))
    about = {"forge": "github", "forge_api_url": forge.api("github"), "forge_token": TOKEN, "fix_engine": "chat"}
    about |= {"name": "watched", "deployer": "local", "check_command": "python3 app.py"}
    return told(api.post("/api/v1/services/", json=about | {"repository_url": git.make("team/watched", FILES)}))


def tab_to(page, name: str) -> None:
    """Presses Tab until the focus is on what is called so."""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.innerText?.trim()") == name:
            return
    raise AssertionError(f"{name!r} is not reached by {TABS} tabs")


def test_a_fix_is_watched_to_its_end_and_its_deployment_approved(site, api, service, held, git, browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    sign_in(page, site)
    page.goto(url(site, "/jules/"))
    page.evaluate("window.loadedOnce = true")
    deployment = told(api.post(f"/api/v1/services/{service['id']}/deployments/", json={}))
    row = page.locator("tr[data-row]", has_text="watched")
    row.get_by_text("Working").wait_for(timeout=60_000)
    assert page.evaluate("window.loadedOnce")

    page.goto(url(site, row.locator("a").first.get_attribute("href")))
    page.evaluate("window.loadedOnce = true")
    page.get_by_text("Asking openai/").wait_for(timeout=60_000)
    assert page.locator(".timeline details[open]", has_text="Asking openai/").count() == 1
    assert "at work" in page.inner_text("main") and not page.locator("#diff table").count()
    held.release()
    page.get_by_role("link", name="Approve deployment").wait_for(timeout=60_000)
    assert page.evaluate("window.loadedOnce")
    assert page.locator("#proof-title + .badge", has_text="Verified").count() == 1
    live = [settled(text) for text in page.locator("main section .card-body, #diff").all_inner_texts()[1:]]
    page.reload()  # logs that were open live are folded again: the first part, the steps, is left out
    assert [settled(t) for t in page.locator("main section .card-body, #diff").all_inner_texts()[1:]] == live
    by_keyboard(page)

    tab_to(page, "Approve deployment")
    page.keyboard.press("Enter")
    page.wait_for_url("**/approvals/*/")
    tab_to(page, "Approve")
    page.keyboard.press("Enter")
    page.get_by_text("Decided by mara").first.wait_for()
    place = f"/api/v1/services/{service['id']}/deployments/"
    again = until(lambda: running(told(api.get(place))["results"], deployment["id"]), "the branch runs")
    assert again["branch"] == f"jules/auto-fix-{deployment['id']}"
    assert said == []


def running(rows: list[dict], fixes: str) -> dict | None:
    return next((row for row in rows if row["fixes"] == fixes and row["status"] == "RUNNING"), None)


def by_keyboard(page) -> None:
    """d goes to the diff, s shows it side by side, ] goes to the file."""
    page.keyboard.press("d")
    until(lambda: page.evaluate("document.getElementById('diff').getBoundingClientRect().top < innerHeight"), "d")
    page.keyboard.press("s")
    page.wait_for_selector(".diff-split")
    page.keyboard.press("]")
    assert page.evaluate("document.activeElement.className") == "diff-file"
    page.go_back()


def test_the_pages_of_fixes_fit_and_read_for_everybody(site, api, service, browser) -> None:
    """No sideways scroll, nothing inline, axe finds nothing: the list, a fix, its split diff, approvals."""
    page = browser.new_context(reduced_motion="reduce").new_page()
    sign_in(page, site)
    rows = told(api.get(f"/api/v1/jules/history/{service['id']}/"))["results"]
    places = ["/jules/", "/jules/?state=failed", "/approvals/", "/approvals/?tab=decided"]
    places += [f"{row['url']}{view}" for row in rows[:1] for view in ("", "?view=split")]
    assert len(places) == 6
    assert [fault for path in places for fault in faults_of(page, site, path)] == []
