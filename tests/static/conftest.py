"""A real Chromium on the live server, signed in as mara. Skipped loudly where there is none."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture
def mara_cookie(client, people, settings) -> dict[str, str]:
    client.force_login(people["mara"])
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value}


@pytest.fixture
def address(live_server) -> str:
    """Where the site answers; a module that needs websockets has its own."""
    return live_server.url


@pytest.fixture
def open_page(address, mara_cookie):
    """`open_page("/account/", 390, "dark")` gives a Playwright page; at the end its console must be empty."""
    if not CHROMIUM:
        pytest.skip("No Chromium on this machine: the frame was not tried in a browser.")
    from playwright.sync_api import sync_playwright

    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

        def open_at(path: str, width: int = 1280, theme: str = "light", scripts: bool = True):
            context = browser.new_context(
                viewport={"width": width, "height": 860}, color_scheme=theme, java_script_enabled=scripts
            )
            if path != "/login/":
                context.add_cookies([{**mara_cookie, "url": address}])
            page = context.new_page()
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.goto(address + path)
            return page

        open_at.said = said
        yield open_at
        browser.close()
    # this server speaks no websockets; the pages that want one are tried in tests/senate and tests/flow
    assert not [text for text in said if "/ws/live/" not in text]
