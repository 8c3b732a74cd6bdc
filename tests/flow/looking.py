"""What is wrong with a page in a real browser: inline styles, axe's violations, sideways scroll."""

import os
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT

from tests.aiops_site.running import Site

INLINE = "[style], script:not([src]):not([type='application/json'])"
# Another theme changes colours and nothing else, so the second look at a width asks for these rules alone.
COLOURS = ["color-contrast", "link-in-text-block"]
# Four looks at each page take minutes; the suite looks at both ends, AXE_ALL=1 at all.
LOOKS: dict[int, dict[str, list[str] | None]] = {1280: {"light": None}, 390: {"dark": None}}
if os.environ.get("AXE_ALL"):
    LOOKS = {1280: {"light": None, "dark": COLOURS}, 390: {"dark": None, "light": COLOURS}}


def faults_of(page: Any, site: Site, path: str) -> list[object]:
    """On a desktop and a phone, light and dark, on one loaded page. Its context asks for reduced motion, or axe
    measures colours that are on their way."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": next(iter(LOOKS)), "height": 860})
    wrong = opened(page, site, path)
    for width, themes in LOOKS.items():
        if sideways(page, width):
            wrong.append((path, width, "scrolls sideways"))
        for theme, rules in themes.items():
            page.emulate_media(color_scheme=theme)
            wrong += [(width, theme, *one) for one in violations(page, path, rules)]
    return wrong + [(path, width, "scrolls sideways") for width in (768, 320) if sideways(page, width)]


def opened(page: Any, site: Site, path: str) -> list[object]:
    """Opens it. Its status, where that is not as it should be, and whether style or script stand inside."""
    status = page.goto(f"http://127.0.0.1:{site.port}{path}").status
    wrong: list[object] = [] if status == (404 if path == "/nowhere/" else 200) else [(path, status)]
    # The page of charts may style elements from its script (aiops_site/web/csp.py).
    if page.locator(INLINE).count() and not path.startswith("/usage/?"):
        wrong.append((path, "inline style or script"))
    return wrong


def violations(page: Any, path: str, rules: list[str] | None = None) -> list[tuple[str, ...]]:
    """What axe finds on the page as it stands: (path, rule, where). `rules`: only these."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = page.evaluate("options => axe.run(document, options).then(found => found.violations)", options)
    return [(path, one["id"], one["nodes"][0]["html"][:200]) for one in found]


def sideways(page: Any, width: int) -> bool:
    page.set_viewport_size({"width": width, "height": 860})
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")
