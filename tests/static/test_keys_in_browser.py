"""Keys while a page loads, over a change of page, and while parts of it are shown anew."""

import pytest
from playwright.sync_api import expect

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


def test_a_jump_begun_on_one_page_ends_on_the_next(open_page) -> None:
    page = open_page("/account/")
    page.locator("h1").press("g")
    page.goto(page.url.replace("/account/", "/menu/"))
    with page.expect_navigation():
        page.locator("h1").press("u")
    assert page.url.endswith("/usage/")


def test_search_by_key_passes_over_a_field_that_is_hidden(open_page) -> None:
    page = open_page("/account/")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<p hidden><input data-search></p>')"
    )
    with page.expect_navigation():
        page.locator("h1").press("/")
    assert page.url.endswith("/search/")
    expect(page.locator("#search-words")).to_be_focused()
