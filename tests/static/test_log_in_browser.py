"""The log viewer in a browser: a hundred thousand lines, few of them in the page; found, gone to, folded."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from intelligence import analyst
from intelligence.analysis import runs
from intelligence.fleet import deployments
from intelligence.logs import logbook
from intelligence.logs.secrets import redactor
from intelligence.models import AnalysisRun, Deployment, Service

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning"),  # static files
]
MOST_ROWS = 2_000
WORDS = "one two three four five six seven eight nine ten".split()


def lines(first, last):
    """No two neighbours are alike, so that nothing is folded."""
    return "".join(f"\x1b[32m{WORDS[n % 10]}\x1b[0m line {n} <i>\n" for n in range(first, last + 1))


@pytest.fixture
def address(site):
    """The real ASGI application: with the live feed."""
    return site.url


@pytest.fixture
def service(transactional_db, people):
    return Service.objects.create(name="shop", owner=people["ivo"], deployer="local")


@pytest.fixture
def deployment(service):
    made = Deployment.objects.create(service=service, status="BUILDING")
    logbook.append(made.pk, lines(1, 100_000), redactor())
    return made


def aside(function, *given):
    """In another thread, as a worker would: the browser's loop runs in this one."""

    def go():
        try:
            return function(*(one() if one is redactor else one for one in given))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(go).result()


def test_a_hundred_thousand_lines_are_windowed_found_gone_to_and_paged_without_scripts(deployment, open_page):
    here = f"/deployments/{deployment.pk}/"
    page = open_page(here)
    page.wait_for_selector("#L100000")
    assert page.inner_text("#L100000 code") == "one line 100000 <i>"
    assert page.locator("#L100000 .ansi-green").count() == 1
    assert page.locator(".log-line").count() < MOST_ROWS and page.inner_text("#log-size").startswith(
        "100,000 lines"
    )
    page.fill("#log-find", "LINE 54321 ")
    page.wait_for_selector("#L54321.here")
    assert page.inner_text("#log-found") == "1 of 1" and page.locator(".log-line").count() < MOST_ROWS
    assert page.get_attribute("#follow", "aria-pressed") == "false"
    for where, last in (("#L777", 777), ("#L777-L780", 780), ("?line=54321", 54321)):
        page.goto(page.url.partition("#")[0].partition("?")[0] + where)
        page.reload()
        page.wait_for_selector(f"#L{last}.here")
        assert page.locator(f"#L{last}").evaluate(IN_VIEW)
    page.locator("#L54323 > a").click(modifiers=["Shift"])
    page.wait_for_function("() => location.hash === '#L54321-L54323'")
    assert page.locator(".log-line.here").count() == 3
    plain = open_page(here + "?page=3", scripts=False)
    assert plain.inner_text("#L4001 code") == "two line 4001 <i>" and plain.locator(".log-line").count() == 2_000
    assert plain.locator(".log-pages a[aria-current]").inner_text() == "3"
    plain = open_page(here + "?line=4321#L4321", scripts=False)
    assert plain.locator("#L4321.here").evaluate(IN_VIEW)


IN_VIEW = """row => { const log = document.getElementById("log");
  const at = row.getBoundingClientRect(), box = log.getBoundingClientRect();
  return at.top >= Math.max(0, box.top) - 1 && at.bottom <= Math.min(innerHeight, box.bottom) + 1; }"""


def test_evidence_is_walked_by_keys_and_a_quote_leads_from_its_analysis_to_its_line(service, open_page):
    log = lines(1, 3_000) + "pulling layer 17 of 900\n" * 40 + "ModuleNotFoundError: No module named 'oauthlib'\n"
    log += lines(4_000, 8_000) + "Back-off restarting failed container web in pod web-1\nsee above\n"
    made = aside(deployments.report, service, None, "FAILED", log)
    aside(lambda: analyst.perform(runs.for_failure(Deployment.objects.get()).pk))
    page = open_page(f"/deployments/{made.pk}/")
    page.wait_for_selector("#L3041.here")
    assert page.inner_text("#finding-1 .finding-line") == "L3041" and page.inner_text("#L3041 b") == "1"
    fold = page.locator("#L3002").locator("xpath=ancestor::details")
    assert page.inner_text("details.log-fold summary") == "… 38 similar lines" and not fold.evaluate(
        "el => el.open"
    )
    seen = []
    for key in ("n", "n", "p"):
        page.keyboard.press(key)
        page.wait_for_function(
            "was => (document.querySelector('.log-line.here')?.id ?? was) !== was", arg=(seen or ["L3041"])[-1]
        )
        seen.append(page.get_attribute(".log-line.here", "id"))
    assert seen == ["L7043", "L3041", "L7043"]
    assert page.locator("#L7043").evaluate(IN_VIEW)
    page.click("#finding-1 .finding-line")
    page.wait_for_selector("#L3041.here")
    page.goto(page.url.partition("#")[0] + "#L3010")
    page.reload()
    page.wait_for_selector("#L3010.here")
    assert page.locator("#L3010").evaluate(IN_VIEW), "its fold opens"
    page.goto(page.url.partition("/deployments")[0] + f"/analyses/{aside(lambda: AnalysisRun.objects.get().pk)}/")
    page.click(".analysis-quote a >> nth=0")
    page.wait_for_selector("#L3041.here")
    assert page.locator("#L3041").evaluate(IN_VIEW)


def test_what_is_written_while_it_is_watched_stands_there_as_after_a_reload(deployment, open_page):
    page = open_page(f"/deployments/{deployment.pk}/")
    page.wait_for_selector("#L100000")
    for piece in (
        "half a li",
        "ne\nand mo",
        "re\nnow\nModuleNotFoundError: No module named 'flask'\n",
    ):
        aside(logbook.append, deployment.pk, piece, redactor)
    aside(deployments.advance, deployment.pk, "FAILED", "It broke.")
    page.wait_for_selector("#L100002")
    page.wait_for_function("() => document.getElementById('L100002').textContent.includes('and more')")
    page.wait_for_function("() => document.getElementById('cause').textContent.includes('It broke.')")
    assert "Failed" in page.inner_text("#state") and page.locator("#next-mark").is_hidden()
    aside(lambda: analyst.perform(runs.for_failure(Deployment.objects.get()).pk))
    page.wait_for_selector("#L100004.log-mark")
    assert page.locator("#next-mark").is_visible() and "MISSING_MODULE" in page.inner_text("#cause")
    seen = page.inner_text("#L100001"), page.inner_text("#L100002")
    page.reload()
    page.wait_for_selector("#L100004.log-mark")
    assert (page.inner_text("#L100001"), page.inner_text("#L100002")) == seen
    assert seen == ("100001\nhalf a line", "100002\nand more")


def test_keys_of_a_service_deploy_and_fix_and_are_told(service, open_page):
    aside(deployments.report, service, None, "FAILED", "boom\n")
    page = open_page(f"/services/{service.pk}/")
    page.keyboard.press("?")
    assert "Deploy" in page.inner_text("#keys-dialog") and "Fix the failed deployment" in page.inner_text(
        "#keys-dialog"
    )
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    page.wait_for_url("**/deployments/*/")
    assert aside(lambda: Deployment.objects.order_by("created_at").last().status) == "QUEUED"


def test_no_page_scrolls_sideways_and_axe_finds_nothing(deployment, open_page):
    from axe_playwright_python.sync_playwright import Axe

    here, service = f"/deployments/{deployment.pk}/", f"/services/{deployment.service_id}/"
    looked_at = {
        "/services/": ((1280, "light"),),
        service: ((390, "dark"),),
        here: ((1280, "dark"), (390, "light")),
    }
    for path, sizes in looked_at.items():
        page = open_page(path)
        for width in (320, 390, 1280):
            page.set_viewport_size({"width": width, "height": 860})
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (path, width)
        for width, theme in sizes:
            found = Axe().run(open_page(path, width, theme)).response["violations"]
            assert not [(one["id"], one["nodes"][0]["html"][:200]) for one in found], (path, width, theme)
