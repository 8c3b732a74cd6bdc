"""The frame in a real browser: themes, keys, dialogs, widths, and axe."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PATHS = ["/account/", "/components/", "/login/"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_scrolls_sideways_and_axe_finds_nothing(open_page, path: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for theme in ("light", "dark"):
        page = open_page(path, theme=theme)
        for width in (1280, 768, 390, 320):
            page.set_viewport_size({"width": width, "height": 860})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, theme)
            if width in (1280, 390):
                found = Axe().run(page)
                assert found.violations_count == 0, (width, theme, found.generate_report())
        page.context.close()


def test_the_theme_changes_at_once_and_is_kept(open_page) -> None:
    page = open_page("/account/")
    page.evaluate("addEventListener('theme', () => { window.heard = true })")
    before = page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")
    page.locator("main [data-theme-set=dark]").click()
    assert page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") != before
    assert page.evaluate("window.heard")
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("main [data-theme-set=dark]").get_attribute("aria-pressed") == "true"


def test_keys_open_and_go_but_never_from_a_field_and_can_be_turned_off(open_page) -> None:
    page = open_page("/account/")
    dialog = page.locator("#keys-dialog")
    page.locator("#id_name").press("?")
    assert not dialog.is_visible()
    page.locator("h1").press("?")
    assert dialog.is_visible()
    dialog.locator("[data-shortcuts-switch]").uncheck()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    page.locator("h1").press("?")
    assert not dialog.is_visible()


def test_g_then_o_goes_to_a_place_of_the_menu(open_page) -> None:
    page = open_page("/account/")
    page.evaluate("document.querySelector('.nav .nav-list').innerHTML += '<a href=\"/menu/\" data-place></a>'")
    page.evaluate("document.querySelector('.nav [data-place]').setAttribute('href', '/usage/caps/')")
    page.route("**/usage/caps/", lambda route: route.fulfill(body="<title>Caps</title>", content_type="text/html"))
    page.locator("h1").press("g")
    with page.expect_navigation():
        page.keyboard.press("c")
    assert page.url.endswith("/usage/caps/")


def test_the_menu_is_a_sheet_on_a_phone_and_a_page_without_scripts(open_page) -> None:
    page = open_page("/account/", 390)
    opener = page.get_by_role("link", name="Menu")
    opener.click()
    assert page.locator("#menu-sheet").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#menu-sheet").is_visible()
    assert opener.evaluate("el => el === document.activeElement")
    plain = open_page("/account/", 390, scripts=False)
    plain.get_by_role("link", name="Menu").click()
    assert plain.url.endswith("/menu/")


def test_the_account_menu_closes_by_escape_and_narrows_the_frame(open_page) -> None:
    page = open_page("/account/")
    opener = page.locator(".nav-menu > summary")
    opener.click()
    page.get_by_role("button", name="Narrow the menu").click()
    assert page.locator(".nav").bounding_box()["width"] == 56
    page.keyboard.press("Escape")
    assert page.locator(".nav-menu").get_attribute("open") is None
    assert opener.evaluate("el => el === document.activeElement")
    page.reload()
    assert page.locator(".nav").bounding_box()["width"] == 56


def test_a_new_token_can_not_be_left_by_escape(open_page) -> None:
    page = open_page("/account/")
    page.locator("#id_name").fill("ci-runner")
    page.get_by_role("button", name="New token").click()
    dialog = page.locator("dialog[data-stays]")
    dialog.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert dialog.is_visible()
    dialog.get_by_role("button", name="I have it").click()
    assert not dialog.is_visible()


def test_a_part_that_fails_says_so_in_its_place_and_tries_again(open_page) -> None:
    page = open_page("/account/")
    answers = [(500, "", {"X-Request-ID": "9f2c1ae7"}), (200, "<p>Twelve calls</p>", {})]

    def answer(route) -> None:
        status, body, headers = answers.pop(0)
        route.fulfill(status=status, body=body, headers=headers, content_type="text/html")

    page.route("**/part/", answer)
    page.evaluate("document.querySelector('main').innerHTML = '<div id=part></div>'")
    page.evaluate("htmx.ajax('GET', '/part/', '#part')")
    part = page.locator("#part .part-error")
    part.wait_for()
    assert "This part could not be loaded (500). Request 9f2c1ae7." in part.inner_text()
    part.get_by_role("button", name="Retry").click()
    page.get_by_text("Twelve calls").wait_for()
    assert part.count() == 0
    assert all("500" in line for line in open_page.said)
    open_page.said.clear()


def test_clocks_tick_from_the_servers_time(open_page) -> None:
    page = open_page("/account/")
    page.evaluate(
        "document.querySelector('main').innerHTML = '<time id=clock>0:00</time>';"
        "document.querySelector('#clock').dataset.started = new Date(Date.now() - 3_700_000).toISOString()"
    )
    expect(page.locator("#clock")).to_have_text(re.compile("^1:0[12]:"), timeout=30_000)


def test_an_operation_is_tried_from_its_page_as_who_is_signed_in(open_page) -> None:
    page = open_page("/api/docs/incident/")
    page.get_by_label("id", exact=True).fill("00000000-0000-0000-0000-000000000000")
    page.get_by_role("button", name="Send GET").click()
    answer = page.locator("#try-answer")
    expect(answer.locator("[data-status]")).to_have_text(re.compile("^404"), timeout=30_000)
    expect(answer.locator("[data-text]")).to_contain_text('"message":')
    page.goto(page.url.replace("incident", "ai_cost_estimate_create"))
    page.get_by_role("textbox", name="Body").fill("{}")
    page.get_by_role("button", name="Send POST").click()
    expect(answer.locator("[data-status]")).to_have_text(re.compile("^400"), timeout=30_000)
    page.locator("summary", has_text="With a token").click()
    page.get_by_label("Token").fill("aiops_not-a-token")
    page.get_by_role("button", name="Send POST").click()
    expect(answer.locator("[data-status]")).to_have_text(re.compile("^401"), timeout=30_000)
    assert all(re.search("40[014]", line) for line in open_page.said), open_page.said
    open_page.said.clear()


def test_a_double_click_sends_a_form_once(open_page) -> None:
    sent = open_page("/account/").evaluate("""() => {
        let sent = 0;
        addEventListener("submit", (event) => { sent += !event.defaultPrevented; event.preventDefault(); });
        const field = document.getElementById("id_name");
        field.value = "twice";
        const button = field.form.querySelector("button:not([type=button])");
        button.click();
        button.click();
        return sent;
    }""")
    assert sent == 1


def test_a_form_that_comes_back_leads_to_its_mistake_and_keeps_the_rest(open_page) -> None:
    page = open_page("/services/new/")
    page.get_by_label("Name", exact=True).fill("checkout")
    page.get_by_label("Repository address").fill("ftp://git.example.com/checkout")
    page.get_by_role("button", name="Add service").click()
    expect(page.get_by_role("alert")).to_be_visible(timeout=30_000)
    expect(page.get_by_label("Repository address")).to_be_focused(timeout=30_000)
    expect(page.get_by_label("Repository address")).to_have_value("ftp://git.example.com/checkout")
    expect(page.get_by_label("Name", exact=True)).to_have_value("checkout")
    assert all("400" in line for line in open_page.said), open_page.said
    open_page.said.clear()
