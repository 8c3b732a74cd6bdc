"""The first five minutes, in a real browser against `manage.py up` and an upstream over HTTP.

Set up the first administrator, save three keys, ask, watch the Senate arrive, see what it cost.
"""

import os
import re
import signal
from functools import partial

import httpx
import pytest

from providers.format import money
from tests.aiops_site.running import Site, descendants, until
from tests.flow.looking import faults_of

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"
KEY = "sk-canary-0123456789abcdef0123456789abcdef"
QUESTION = "Checkout p99 rose from 180 ms to 2.4 s after deployment a41f9c2. Raise the pool size or roll back?"


def address(site: Site, path: str = "/") -> str:
    return f"http://127.0.0.1:{site.port}{path}"


def set_up(page, site: Site) -> None:
    page.goto(address(site))
    assert page.url.endswith("/setup/")
    line = until(lambda: site.said("First visit"), "the code in the terminal")[-1]
    page.fill("[name=code]", re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", line).group())
    page.fill("[name=username]", "mara")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(address(site))


def save_key(page, site: Site, slug: str, base_url: str) -> None:
    page.goto(address(site, f"/providers/?edit={slug}"))
    page.fill(f"[name={slug}_api_key]", KEY)
    page.fill(f"[name={slug}_base_url]", base_url)
    page.click("button[name=do][value=save]")
    page.get_by_text("is saved").first.wait_for()
    assert KEY not in page.content()


def test_the_first_five_minutes(site, fake, browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))

    set_up(page, site)
    save_key(page, site, "openai", fake.openai_url)
    save_key(page, site, "claude", fake.anthropic_url)
    save_key(page, site, "groq", fake.openai_url)

    page.goto(address(site, "/senate/"))
    page.fill("[name=question]", QUESTION)
    page.get_by_text("At most $").first.wait_for()
    fake.script("hold", "hold", "hold")
    page.get_by_role("button", name="Ask").click()
    page.wait_for_url(re.compile(r"/senate/\d+/"))
    page.get_by_text("Request sent, no text yet.").nth(2).wait_for(timeout=60_000)
    early = page.inner_text("#member-0")
    fake.release()
    page.get_by_text(re.compile("^Done$")).first.wait_for(timeout=60_000)
    page.wait_for_selector("#resolution .reading p", timeout=60_000)
    until(lambda: page.locator("#head").get_by_text("Done").count(), "the session's end")
    fake.hold_again()  # for the tests after this one
    assert len(page.inner_text("#member-0")) > len(early)
    live = page.inner_text("main")

    page.reload()
    assert settled(page.inner_text("main")) == settled(live)
    spent = re.search(r"(\$\d+\.\d+) of at most \$\d+\.\d+", page.inner_text("main")).group(1)
    assert spent != "$0.00"

    page.goto(address(site, "/usage/"))
    assert "7" in page.inner_text("main")
    rows = page.request.get(address(site, "/api/v1/ai/usage/summary/?range=today")).json()
    assert money(rows["totals"]["spend_usd"]) == spent
    assert rows["totals"]["calls"] == len([c for c in fake.calls if c.method == "POST"]) == 7
    assert not said


def settled(text: str) -> str:
    """The page's words without clocks and relative times, which go on."""
    return re.sub(r"\s+", " ", re.sub(r"\d+ (?:s|min) ago|just now|now", "", text)).strip()


def sign_in(page, site: Site) -> None:
    page.goto(address(site, "/login/"))
    page.fill("[name=username]", "mara")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(address(site))


def test_any_openai_client_works_with_a_token_of_the_site(site, fake, browser) -> None:
    page = browser.new_page()
    sign_in(page, site)
    page.goto(address(site, "/account/"))
    page.fill("[name=name]", "ci-runner")
    page.get_by_role("button", name="New token").click()
    secret = re.search(r"aiops_[A-Za-z0-9_-]{43}", until(lambda: page.inner_text("body"), "the token")).group()
    page.goto(address(site, "/account/"))
    assert secret not in page.content()
    body = {"model": "senate", "messages": [{"role": "user", "content": QUESTION}]}
    headers = {"Authorization": f"Bearer {secret}"}
    answer = httpx.post(
        address(site, "/api/v1/ai/chat/completions"), json=body, headers=headers, timeout=60
    ).json()
    assert answer["choices"][0]["message"]["content"]
    assert len(answer["metadata"]["votes"]) == 6


def of_site(site: Site, part: str) -> set[int]:
    return {pid for pid, args in descendants(site.process.pid).items() if part in args}


def killed(site: Site, *parts: str) -> None:
    """Kills these processes of the site with -9, and waits for the ones after them, and for an answer."""
    before = {part: of_site(site, part) for part in parts}
    assert all(before.values()), before
    for pid in set.union(*before.values()):
        os.kill(pid, signal.SIGKILL)
    for part, first in before.items():
        until(lambda part=part, first=first: of_site(site, part) - first, f"another {part}")
    until(partial(answers, site), "a site that answers again")


def answers(site: Site) -> bool:
    try:
        return site.get("/healthz").status == 200
    except OSError:
        return False


def test_a_page_that_watches_outlives_redis_and_the_web_process(site, fake, browser) -> None:
    """Both are killed while three members are asked; the page goes on by itself and misses nothing."""
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    sign_in(page, site)
    fake.script("hold", "hold", "hold")
    asked = len(fake.calls)
    page.goto(address(site, "/senate/"))
    page.fill("[name=question]", QUESTION)
    page.get_by_role("button", name="Ask").click()
    page.wait_for_url(re.compile(r"/senate/\d+/"))
    page.get_by_text("Request sent, no text yet.").nth(2).wait_for(timeout=60_000)
    fake.wait_for(lambda calls: len(calls) >= asked + 3)
    killed(site, "redis-server", "supervisor.web")
    page.get_by_text("Connection lost, the work goes on.").first.wait_for(timeout=60_000)
    fake.release()
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector("#head[data-state=ended]", timeout=90_000, state="attached")
    page.wait_for_selector(".stepper-lost", state="detached", timeout=60_000)
    live = page.inner_text("main")
    number = re.search(r"/senate/(\d+)/", page.url).group(1)
    told = page.request.get(address(site, f"/api/v1/senate/sessions/{number}/events/")).json()
    assert [event["n"] for event in told["events"]] == list(range(1, told["last_n"] + 1)) and not told["open"]
    assert len(fake.calls) == asked + 7, "nothing was asked twice"
    page.reload()
    assert settled(page.inner_text("main")) == settled(live)


PAGES = [
    "/",
    "/menu/",
    "/senate/",
    "/senate/1/",
    "/usage/",
    "/usage/?range=today&group=model&view=table",
    "/usage/calls/",
    "/usage/caps/",
    "/providers/",
    "/providers/?edit=claude",
    "/providers/senate/",
    "/providers/policy/",
    "/providers/analysis/",
    "/account/",
    "/components/",
    "/nowhere/",
]


def test_every_page_fits_reads_and_stays_silent(site, browser) -> None:
    """No sideways scroll, nothing inline, no word on the console, axe finds nothing, in four profiles."""
    page = browser.new_context(reduced_motion="reduce").new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url} {message.text}"))
    sign_in(page, site)
    assert [fault for path in PAGES for fault in faults_of(page, site, path)] == []
    assert [line for line in said if "status of 404" not in line] == []
