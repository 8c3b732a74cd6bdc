"""A session page in a real browser, on frames as the hub makes them: a cut gives the uncut page; replay."""

import json

import pytest

from senate.live.fragments import fragments, regions_of
from senate.live.hub import framed, read
from senate.models import SenateSession
from tests.senate import rows

pytestmark = pytest.mark.django_db(transaction=True)
PIPE = """
window.WebSocket = class {
  constructor(url) { this.readyState = 1; this.address = new URL(url).search; window.pipe = this; }
  close() {}
  static OPEN = 1;
};
"""
FEED = """(frames) => {
  for (const data of frames) window.pipe.onmessage({ data });
  window.pipe.onclose({ code: 1000 });
}"""
SHOWN = """() => [...document.querySelectorAll("#head, #session [data-n]")].map((part) => {
  const copy = part.cloneNode(true);
  for (const el of [copy, ...copy.querySelectorAll("[data-n]")]) el.removeAttribute("data-n");
  return copy.outerHTML.replace(/\\s+/g, " ");
})"""


def frames_after(session, after):
    """What a socket would bring at once: every later event, rendered as the rows are now."""
    found = read(session.pk, after)[1]
    swap = fragments(session.pk, regions_of(found)) if regions_of(found) else []
    return framed(found, swap).rendered if found else []


@pytest.fixture
def staged(monkeypatch, client, people):
    """A session written step by step: (row, pages by event, frames after each, frames of who was never cut).

    Before any page is open: no query can be made beside a running browser.
    """
    pages, uncut, last = {}, [], [0]
    client.force_login(people["mara"])
    write = rows.write

    def watched(session, *events, **fields):
        write(session, *events, **fields)
        row = SenateSession.objects.get(pk=session.pk)
        uncut.extend(frames_after(row, last[0]))
        last[0] = row.last_n
        pages[row.last_n] = client.get(f"/senate/{row.pk}/").content.decode()

    monkeypatch.setattr(rows, "write", watched)
    session = rows.deliberated(people["mara"])
    cuts = {n: frames_after(session, n) for n in sorted(pages)[:-1]}
    return session, pages, cuts, uncut


def test_a_reload_or_a_cut_at_any_event_gives_the_page_of_an_uncut_run(staged, open_page, live_server):
    session, pages, cuts, uncut = staged
    page = open_page("/login/")
    page.add_init_script(PIPE)
    page.route("**/*.css", lambda route: route.fulfill(body="", content_type="text/css"))  # looks are not asked
    address = f"{live_server.url}/senate/{session.pk}/"

    def end_of(html, frames):
        page.unroute(address)
        page.route(address, lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(address, wait_until="domcontentloaded")  # deferred scripts have run by then
        if frames:
            page.evaluate(FEED, frames)
        return page.evaluate(SHOWN)

    whole = end_of(pages[session.last_n], [])
    assert len(whole) == 9 and "Roll back now." in "".join(whole)
    start = min(pages)
    assert end_of(pages[start], [f for f in uncut if json.loads(f)["n"] > start]) == whole
    for cut, frames in cuts.items():
        assert end_of(pages[cut], frames) == whole, f"cut after event {cut}"


@pytest.fixture
def halfway(client, people):
    """(address, last event, page) while a member writes, (page, frames in between) when it has ended."""
    client.force_login(people["mara"])
    session = rows.running(people["mara"])
    rows.phase(session, "propose", 3)
    rows.begin(session, 0)
    rows.text(session, 0, "Roll")
    session.refresh_from_db()
    address = f"/senate/{session.pk}/"
    page, middle = client.get(address).content.decode(), session.last_n
    rows.text(session, 0, " back", 4)
    rows.done(session, 0, "Roll back")
    rows.ended(session, "failed", "A reason.")
    return address, middle, page, client.get(address).content.decode(), frames_after(session, middle)


def test_a_tab_that_comes_back_goes_on_at_once_from_its_last_event(halfway, open_page, live_server):
    """Its socket died while it was hidden: it does not wait for the next try, and asks for nothing it has."""
    path, middle, begun, ended, frames = halfway
    page = open_page("/login/")
    page.add_init_script(PIPE)
    answers = [begun, ended]
    page.route(live_server.url + path, lambda route: route.fulfill(body=answers.pop(0), content_type="text/html"))
    page.goto(live_server.url + path, wait_until="domcontentloaded")
    page.evaluate("window.first = pipe; pipe.readyState = 3; pipe.onclose({ code: 1006 })")
    assert page.locator(".stepper-lost").inner_text().startswith("Connection lost, the work goes on.")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert page.evaluate("pipe !== first && pipe.address") == f"?after={middle}&render=1"
    page.evaluate(FEED, frames)
    assert page.locator(".stepper-lost").count() == 0
    shown = page.evaluate(SHOWN)
    page.goto(live_server.url + path, wait_until="domcontentloaded")
    assert page.evaluate(SHOWN) == shown and "Roll back" in "".join(shown)


@pytest.fixture
def past(people):
    return rows.deliberated(people["mara"])


def test_the_slider_shows_the_past_and_leads_back_without_a_reload(past, open_page):
    session = past
    page = open_page(f"/senate/{session.pk}/")
    whole = page.evaluate(SHOWN)
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    page.get_by_text(f"Event 0 of {session.last_n}").wait_for()
    assert "Roll back now." not in "".join(page.evaluate(SHOWN))
    page.keyboard.press("ArrowRight")
    page.get_by_text(f"Event 1 of {session.last_n}").wait_for()
    assert page.url.endswith("?at=1") and "Event 1 of" in slider.get_attribute("aria-valuetext")
    slider.fill(str(session.last_n - 2))
    page.get_by_text(f"Event {session.last_n - 2} of").wait_for()
    page.keyboard.press(" ")
    page.get_by_text(f"{session.last_n} events").wait_for()
    assert page.evaluate(SHOWN) == whole and "at=" not in page.url


def test_what_a_script_wakes_has_its_room_from_first_paint(past, open_page):
    plain = open_page(f"/senate/{past.pk}/", 412, scripts=False)
    assert not plain.get_by_role("button", name="Copy link").is_visible()
    page = open_page(f"/senate/{past.pk}/", 412)
    page.get_by_role("button", name="Copy link").wait_for()
    copy, team = (page.locator(".actions .button", has_text=name) for name in ("Copy link", "Team"))
    before = team.bounding_box()
    copy.evaluate("(button) => { button.hidden = true; }")  # as it comes from the server
    assert not copy.is_visible() and team.bounding_box() == before
