// Pages that watch topics of the site: <body> holds an element with data-watches="providers" and data-version.
// When the topic's version is another one than the element's, the element gets the event "changed" {detail: version};
// whoever handles it shows what is new and sets data-version. Without a websocket the page stays as it was loaded.
// A place that is replaced: refocus(place) before, and what it gives after, called with the new place: what had the focus has it again.
"use strict";
window.refocus = (place) => {
  const named = (el) => [el.tagName, el.id, el.getAttribute("href"), el.getAttribute("aria-label"), el.tagName === "BUTTON" && (el.value || el.textContent), el.closest("li, tr, section")?.querySelector("h2, th, .strong")?.textContent].join("|");
  const wanted = place.contains(document.activeElement) ? named(document.activeElement) : "";
  return (fresh) => {
    if (wanted) [...fresh.querySelectorAll("a, button, input, summary, [tabindex]")].find((el) => named(el) === wanted)?.focus({ preventScroll: true });
  };
};
(() => {
  const watched = () => document.querySelectorAll("[data-watches]");
  const names = [...new Set([...watched()].map((el) => el.dataset.watches))];
  if (!names.length) return;
  let socket = null, tries = 0, heard = 0, retry = 0, over = false;

  function connect() {
    clearTimeout(retry);
    const url = new URL(`/ws/live/?topics=${names.join(",")}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const mine = socket = new WebSocket(url);
    heard = Date.now();
    mine.onmessage = ({ data }) => {
      heard = Date.now();
      tries = 0;
      const { topic, version } = JSON.parse(data);
      if (topic) tell(topic, version);
    };
    mine.onclose = ({ code }) => {
      if (mine !== socket || over) return;
      if (code >= 4400) { over = true; return; }  // signed out, or too many pages
      retry = setTimeout(connect, 1000 * Math.min(30, 2 ** tries++) * (0.6 + Math.random() * 0.8));
    };
  }

  function tell(topic, version) {
    for (const el of watched())
      if (el.dataset.watches === topic && el.dataset.version !== version)
        el.dispatchEvent(new CustomEvent("changed", { bubbles: true, detail: version }));
  }

  // The server speaks at least every 20 s; a line that is silent for longer is dead without having said so.
  setInterval(() => {
    if (!over && socket?.readyState === WebSocket.OPEN && Date.now() - heard > 45000) { const dead = socket; socket = null; dead.close(); connect(); }
  }, 5000);
  const awake = () => { if (!over && !document.hidden && (!socket || socket.readyState > 1)) connect(); };
  document.addEventListener("visibilitychange", awake);
  addEventListener("online", awake);
  addEventListener("pagehide", () => { over = true; socket?.close(); });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  // A task of its own, once the page stands: on a slow phone it would hold up the first tap.
  if (document.readyState === "complete") connect(); else addEventListener("load", () => setTimeout(awake));
})();
