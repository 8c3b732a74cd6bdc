"""A run's page in a real browser: what happens shows by itself, what was opened stays open, axe finds nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from intelligence.agents import troubleshooter
from intelligence.approval import approvals
from intelligence.models import Approval
from tests.fakes.scripted import calls, concludes
from tests.static.conftest import CHROMIUM, FLAGS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="No Chromium on this machine: the page of a run was not tried."),
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators"),
]


def elsewhere(function, *given):
    """In a thread with a connection of its own: Playwright's loop forbids the ORM here."""

    def run():
        try:
            return function(*given)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(30)


def test_a_run_that_waits_goes_on_before_the_readers_eyes(
    site, everyone, shop, failed, worked, model, client, settings
):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import expect, sync_playwright

    model.says(
        calls(
            ("get_service", {"service": "checkout-api"}), ("redeploy", {"service": "checkout-api"}), says="I look."
        ),
        concludes("Deployed anew.", (f"/services/{shop.pk}/", "It runs.")),
    )
    run = worked(troubleshooter.start(everyone["ivo"], "Deploy checkout-api again.", shop, may_act=True))
    client.force_login(everyone["mara"])
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": site.url}
    said = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([cookie])
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        with page.expect_websocket() as watching:
            page.goto(f"{site.url}/agents/runs/{run.pk}/")
        watching.value.wait_for_event("framereceived")
        expect(page.get_by_text("Waits for approval", exact=True)).to_be_visible(timeout=60_000)
        page.locator("#result-2 summary").click()
        for width in (1280, 390):
            for theme in ("light", "dark"):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
                assert Axe().run(page).response["violations"] == [], (width, theme)
        elsewhere(lambda: approvals.decide(Approval.objects.get().pk, everyone["mara"], "approve", "go"))
        elsewhere(worked, run)
        expect(page.get_by_text("Deployed anew.")).to_be_visible(timeout=60_000)
        assert page.locator("#result-2").evaluate("part => part.open"), "what was opened is shut"
        assert (
            page.get_by_role("link", name="Service: checkout-api").get_attribute("href") == f"/services/{shop.pk}/"
        )
        assert page.get_by_role("button", name="Cancel run").count() == 0
        browser.close()
    assert said == []
