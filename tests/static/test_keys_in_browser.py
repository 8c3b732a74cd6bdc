"""Keys while a page loads, over a change of page, and while parts of it are shown anew."""

import pytest
from playwright.sync_api import expect

from intelligence.models import Deployment, Service

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_key_pressed_while_the_page_still_loads_is_not_lost(open_page) -> None:
    """The scripts that a page defers are held back; what was typed meanwhile is done when they are there."""
    page = open_page("/account/")
    held = []
    page.route("**/htmx*.js", lambda route: held.append(route))
    with page.expect_request("**/htmx*.js"):
        page.reload(wait_until="commit")
    page.locator("h1").wait_for()
    page.keyboard.press("?")
    assert not page.locator("#keys-dialog").is_visible()
    held[0].continue_()
    page.locator("#keys-dialog").wait_for()


def begin(page) -> None:
    """Presses g, and takes a minute for its letter: a busy machine is slow."""
    page.locator("h1").press("g")
    assert page.evaluate("Number(sessionStorage.getItem('going')) > 0")
    page.evaluate("sessionStorage.setItem('going', Date.now() + 60_000)")


def test_a_jump_begun_on_one_page_ends_on_the_next(open_page) -> None:
    page = open_page("/account/")
    begin(page)
    page.goto(page.url.replace("/account/", "/menu/"))
    with page.expect_navigation():
        page.locator("h1").press("u")
    assert page.url.endswith("/usage/")


@pytest.fixture
def failing(people) -> None:
    """Before a browser runs, as no query can be made beside it."""
    service = Service.objects.create(name="checkout-api", owner=people["mara"])
    Deployment.objects.create(service=service, status="FAILED", branch="main")


def test_a_jump_goes_where_a_counted_item_of_the_menu_leads(failing, open_page) -> None:
    """An item with a badge has the address of the rows that it counts, as /services/?tab=failing."""
    page = open_page("/account/")
    expect(page.locator(".nav a[href^='/services/?']")).to_have_count(1)
    begin(page)
    with page.expect_navigation():
        page.keyboard.press("s")
    assert "/services/?" in page.url


def test_search_by_key_passes_over_a_field_that_is_hidden(open_page) -> None:
    page = open_page("/account/")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<p hidden><input data-search></p>')"
    )
    with page.expect_navigation():
        page.locator("h1").press("/")
    assert page.url.endswith("/search/")
    expect(page.locator("#search-words")).to_be_focused()


PART = '<div id="part" data-part><button type="button" data-copies="x" hidden>Copy</button></div>'


def test_a_part_that_is_shown_anew_keeps_the_focus_on_its_button(open_page) -> None:
    page = open_page("/")
    page.evaluate("(html) => { document.querySelector('main').innerHTML = html; }", PART)
    button = page.locator("#part button")
    button.evaluate("el => { el.hidden = false; el.focus(); }")
    page.route(page.url, lambda route: route.fulfill(body=PART, content_type="text/html"))
    newer = "new CustomEvent('changed', { bubbles: true, detail: 'newer' })"
    page.evaluate(f"document.querySelector('#part').dispatchEvent({newer})")
    page.locator("#part[data-version=newer]").wait_for()
    expect(button).to_be_focused()
