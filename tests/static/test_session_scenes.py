"""Every page of the Senate in every state, as it is seen: wide and on a phone, light and dark, down to 320 px."""

import os

import pytest

from tests.senate.scenes import compared, scenes
from tests.static.test_session_in_browser import PIPE

pytestmark = pytest.mark.django_db(transaction=True)
EVERY_RULE = {"resultTypes": ["violations"]}
WHAT_LOOKS_CHANGE = {**EVERY_RULE, "runOnly": ["color-contrast", "scrollable-region-focusable", "target-size"]}
# Four looks at each page by every rule take a minute; the suite looks at both ends, AXE_ALL=1 at all.
LOOKS = [(1280, "light", EVERY_RULE), (390, "dark", WHAT_LOOKS_CHANGE)]
if os.environ.get("AXE_ALL"):
    LOOKS = [(width, theme, EVERY_RULE) for width in (1280, 390) for theme in ("light", "dark")]


@pytest.fixture
def paths(people, settings) -> dict[str, str]:
    """Name -> path; written before a browser runs."""
    settings.AI_ALLOW_MOCK = True
    made = scenes(people["mara"])
    compared(made["done"])
    told = {name: f"/senate/{session.pk}/" for name, session in made.items()}
    whole = made["done"]
    middle = whole.events.filter(type="vote").first().n
    return {
        "ask": "/senate/",
        "list": "/senate/?tab=team",
        **told,
        "one wide": f"/senate/{whole.pk}/?m=3",
        "replay": f"/senate/{whole.pk}/?at={middle}",
        "compare": f"/senate/{whole.pk}/compare/",
        "not compared": f"/senate/{made['partial'].pk}/compare/",
    }


def test_every_page_of_the_senate_fits_and_axe_finds_nothing(paths, open_page, live_server) -> None:
    """Of each page its main part: the frame round it is looked at in test_frame_in_browser.py."""
    from axe_playwright_python.sync_playwright import Axe

    page = open_page("/senate/")
    page.add_init_script(f"{Axe().axe_script}\n{PIPE}")  # this server has no websockets
    wrong = []
    for name, path in paths.items():
        page.goto(live_server.url + path)
        looks = [*LOOKS, (320, "light", EVERY_RULE)] if name == "replay" else LOOKS
        for width, theme, rules in looks:
            page.set_viewport_size({"width": width, "height": 860})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            found = page.evaluate("rules => axe.run('main', rules)", rules)["violations"]
            wrong += [(name, width, theme, one["id"], one["nodes"][0]["html"][:200]) for one in found]
        for width in (1280, 768, 390, 320):
            page.set_viewport_size({"width": width, "height": 860})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong.append((name, width, "scrolls sideways"))
    assert not wrong, "\n".join(map(str, wrong))
