"""The Keys page in a real browser on the real ASGI application: what changes elsewhere shows by itself."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from providers.configuration import configure
from providers.models import AIProviderSettings, ProviderBreaker
from providers.runtime.clock import now
from tests.static.conftest import CHROMIUM, FLAGS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # WhiteNoise's files are read by a sync iterator, which Django does in a thread and warns of.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators"),
]
DRAGS = [  # row, place that it is dragged to, to its upper half, order after
    ("openai", 2, False, ["claude", "mistral", "openai"]),
    ("openai", 0, True, ["openai", "claude", "mistral"]),
    ("claude", 2, False, ["openai", "mistral", "claude"]),
]


@pytest.fixture
def keys_page(site, people, client, settings):  # noqa: F811
    """`keys_page()` opens /providers/ as mara; nothing may be said on its console."""
    if not CHROMIUM:
        pytest.skip("No Chromium on this machine: the Keys page was not tried in a browser.")
    from playwright.sync_api import sync_playwright

    for slug in ("openai", "claude", "mistral"):
        configure.save_provider(slug=slug, by="Mara", key="sk-canary-1")
    client.force_login(people["mara"])
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

        def opened(path: str = "/providers/", width: int = 1280):
            context = browser.new_context(viewport={"width": width, "height": 860})
            context.add_cookies([{**cookie, "url": site.url}])
            page = context.new_page()
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            with page.expect_websocket() as watching:
                page.goto(site.url + path)
            watching.value.wait_for_event("framereceived")
            return page

        yield opened
        browser.close()
    assert not said


def elsewhere(function, *args, **kwargs):
    """Runs it in a thread with a connection of its own: Playwright's loop forbids the ORM here."""

    def run():
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(10)


def open_a_breaker(slug: str) -> None:
    told = {"failures": 5, "reason": "fault", "detail": "No answer.", "opened_at": now()}
    elsewhere(ProviderBreaker.objects.create, provider=slug, model="m", **told)


def save_a_key(slug: str) -> None:
    elsewhere(configure.save_provider, slug=slug, by="Ivo", key="sk-2")


def order() -> list[str]:
    return elsewhere(AIProviderSettings.get_solo).order


def test_a_breaker_that_opens_and_is_reset_elsewhere_shows_and_is_said(keys_page) -> None:
    page = keys_page()
    page.evaluate("document.addEventListener('announce', ({ detail }) => { window.said = detail; })")
    cell = page.locator("#state-claude")
    open_a_breaker("claude")
    cell.locator(".badge", has_text="Resting").wait_for(timeout=30_000)
    assert page.evaluate("window.said").startswith("Claude: Resting")
    assert page.locator("#provider-tabs").inner_text().endswith("Trouble 1")
    cell.get_by_role("button", name="Let calls of Claude go again").click()
    cell.locator(".badge", has_text="Not used yet").wait_for()
    assert not elsewhere(ProviderBreaker.objects.filter(opened_at__isnull=False).exists)
    save_a_key("grok")
    page.locator("#state-grok").wait_for()


def test_an_open_form_and_what_is_typed_in_it_stay_while_states_change(keys_page) -> None:
    page = keys_page("/providers/?edit=openai")
    page.locator("#id_openai_model").fill("gpt-typed")
    open_a_breaker("claude")
    save_a_key("grok")
    page.locator("#state-claude .badge", has_text="Resting").wait_for()
    assert page.locator("#id_openai_model").input_value() == "gpt-typed"
    assert page.locator("#row-grok [data-test]").count() == 0  # new rows wait for the form
    page.get_by_role("link", name="Cancel").click()
    page.locator("#row-grok [data-test]").wait_for()


def test_a_row_is_dragged_to_its_place_in_one_request(keys_page) -> None:
    page = keys_page()
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    rows = page.locator(".providers tr[data-provider]")
    for row, onto, above, places in DRAGS:
        grip = page.locator(f"#row-{row} .grip").bounding_box()
        target = rows.nth(onto).bounding_box()
        page.mouse.move(grip["x"] + 8, grip["y"] + 20)
        page.mouse.down()
        page.mouse.move(grip["x"] + 8, target["y"] + (6 if above else target["height"] - 6), steps=6)
        page.mouse.up()
        said = f"{row.title().replace('ai', 'AI')}, now {onto + 1} of 3"
        page.locator("#toasts .toast", has_text=said).wait_for()
        assert [shown.get_attribute("data-provider") for shown in rows.all()] == places == order()[:3]
        assert page.evaluate("document.activeElement.closest('tr')?.id") == f"row-{row}"
    assert len(sent) == len(DRAGS)


def test_a_row_is_moved_by_keyboard_and_keeps_the_focus(keys_page) -> None:
    page = keys_page()
    page.locator("#row-mistral th a").focus()
    page.keyboard.press("Alt+ArrowUp")
    page.locator("#toasts .toast", has_text="Mistral, now 2 of 3").wait_for()
    page.keyboard.press("Alt+ArrowUp")
    page.locator("#toasts .toast", has_text="Mistral, now 1 of 3").wait_for()
    assert page.evaluate("document.activeElement.closest('tr')?.id") == "row-mistral"
    assert page.locator("#live").count() == 1 and order()[0] == "mistral"
