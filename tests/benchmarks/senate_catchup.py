"""A session page whose socket is cut, in Chromium: how long until all that it missed is on the screen.

Timed from the handshake of the reconnect (`new WebSocket`) to the first frame in which every event that had
happened by then is shown; a reload from the start of the navigation to the first frame of the parsed page.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.aiops_site.running import until
from tests.benchmarks.senate_site import SenateSite

PAGES = 8
CUT_FOR_S = 0.6
# The socket goes dead at event `cutAt` (nothing more is delivered, nobody is told) until `line.mend()`.
LINE = """
(() => {
  const Real = window.WebSocket;
  const line = window.line = { cut: false, shaken: 0, wall: 0, events: [], tie: null, loaded: 0 };
  const parts = () => [...document.querySelectorAll("#head, #session [data-n]")];
  const newest = () => Math.max(...parts().map((part) => Number(part.dataset.n)));
  const shown = ({ n, type, data }, upto) => {
    const place = type === "call.text" && document.querySelector(`[data-text="${CSS.escape(data.key)}"]`);
    const part = place && place.closest("[data-n]");
    return part ? Number(part.dataset.n) >= n : upto >= n;
  };
  const frame = () => {
    const upto = newest(), now = performance.now();
    for (const event of line.events) if (!event.on && shown(event, upto)) event.on = now;
  };
  window.WebSocket = class extends Real {
    constructor(url) {
      super(url);
      if (!String(url).includes("/ws/senate/")) return;
      Object.assign(line, { shaken: performance.now(), wall: Date.now(), events: [], cut: false });
      line.tie = this;
    }
    set onmessage(take) {
      super.onmessage = (message) => {
        const event = JSON.parse(message.data);
        if (line.tie === this) {
          if (event.n >= window.cutAt) line.cut = true;
          if (line.cut) return;
          if (event.n) line.events.push(event);
        }
        take.call(this, message);
      };
    }
    get onclose() { return this.told; }
    set onclose(take) { this.told = take; super.onclose = (close) => { if (!line.cut) take.call(this, close); }; }
  };
  line.mend = () => {
    const mine = line.tie;
    window.cutAt = Infinity;
    mine.close();
    mine.told({ code: 1006 });
  };
  // How long each event took that had happened before the handshake; null while one is not shown yet.
  line.took = () => {
    const missed = line.events.filter((event) => Date.parse(event.at) < line.wall);
    return missed.every((event) => event.on) ? missed.map((event) => [event.n, event.on - line.shaken]) : null;
  };
  document.addEventListener("DOMContentLoaded", () => {
    requestAnimationFrame(() => { line.loaded = performance.now(); });
    const watch = new MutationObserver(() => requestAnimationFrame(frame));
    watch.observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-n"] });
  });
})();
"""

# All is there, or two seconds have shown that nothing was missed.
SHOWN = """last => {
  const took = line.took();
  if (!took) return false;
  return took.length ? took.at(-1)[0] >= last : !last && performance.now() - line.shaken > 2000;
}"""


@contextmanager
def browser(site: SenateSite) -> Iterator[Any]:
    """A context of Chromium, signed in."""
    from playwright.sync_api import sync_playwright

    from tests.static.conftest import CHROMIUM, FLAGS

    if not CHROMIUM:
        raise SystemExit("There is no Chromium on this machine.")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = made.new_context(viewport={"width": 1280, "height": 860})
        own = f"http://127.0.0.1:{site.port}"
        context.add_cookies([{"name": site.cookie_name, "value": site.cookies[0], "url": own}])
        yield context
        made.close()


def opened(context: Any, site: SenateSite, session: int, cut_at: int) -> Any:
    """The session's page; its socket goes dead at event `cut_at`."""
    page = context.new_page()
    page.add_init_script(f"window.cutAt = {cut_at};{LINE}")
    page.goto(f"http://127.0.0.1:{site.port}/senate/{session}/")
    return page


def mended(page: Any, last: int = 0) -> tuple[int, float]:
    """(events missed, ms until the last of them was shown) once the page has reconnected. `last`: where nothing
    more happens, the event that must be there."""
    page.bring_to_front()
    before = page.evaluate("line.shaken")
    page.evaluate("line.mend()")
    page.wait_for_function("before => line.shaken > before", arg=before)
    page.wait_for_function(SHOWN, arg=last)
    took = page.evaluate("line.took()")
    return len(took), max((ms for _, ms in took), default=0.0)


def reloaded(page: Any) -> float:
    """ms from the start of the navigation to the first frame of the whole page."""
    page.bring_to_front()
    page.reload()
    page.wait_for_function("() => line.loaded > 0")
    return float(page.evaluate("line.loaded"))


def settled(site: SenateSite, session: int) -> int:
    """The last event, once the chair has been asked and nothing more happens."""

    def look() -> int:
        found = site.events(session, 0)
        return found["last_n"] if any(e["phase"] == "chair" for e in found["events"]) else 0

    last = until(look, "the chair's turn", 180)
    time.sleep(0.5)
    return int(last)


def while_it_writes(page: Any, times: int) -> list[tuple[int, float]]:
    """The same page cut again and again while five members write; a cut in which nothing happened is none."""
    found = []
    for _ in range(times):
        page.evaluate("window.cutAt = 0")
        time.sleep(CUT_FOR_S)
        found.append(mended(page))
        time.sleep(0.4)
    return [(missed, ms) for missed, ms in found if missed]


def told(rows: list[tuple[int, float]]) -> dict[str, Any]:
    times = sorted(ms for _, ms in rows)
    return {
        "cuts": len(rows),
        "missed": [min(n for n, _ in rows), max(n for n, _ in rows)],
        "p50_ms": round(times[len(times) // 2]),
        "p95_ms": round(times[min(len(times) - 1, int(len(times) * 0.95))]),
        "most_ms": round(times[-1]),
    }
