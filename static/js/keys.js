// Keys on every page: / ? g+letter j k Enter Esc. None fires in fields; <html data-shortcuts="off"> turns the single ones off.
// A page's own buttons: [data-page-key="d"] is pressed by d. Rows are [data-row] (Enter follows their first link). Other scripts ask window.keysAllowed(event) before they take a key.
// Comes before the page, in no deferred order: a key that is pressed while the page still loads is kept, and pressed again when it is there.
"use strict";
(() => {
  const places = { o: "/", a: "/senate/", s: "/services/", i: "/incidents/", f: "/jules/", g: "/agents/",
    p: "/approvals/", u: "/usage/", c: "/usage/caps/", k: "/providers/", l: "/audit/" };
  const root = document.documentElement;
  // When "g" was pressed, kept over a change of page: its letter may reach the next one.
  const going = { get: () => Number(sessionStorage.getItem("going")), set: (at) => sessionStorage.setItem("going", at) };

  window.keysAllowed = (event) =>
    root.dataset.shortcuts !== "off" && !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey &&
    !event.target.closest?.("input, textarea, select, [contenteditable]") && !document.querySelector("dialog[open]");

  // The page is there, and so are its other scripts.
  let ready = false;
  document.addEventListener("DOMContentLoaded", () => { ready = true; }, { once: true });

  function move(step) {
    const rows = [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
    if (!rows.length) return;
    const now = rows.findIndex((row) => row.getAttribute("aria-selected") === "true" || row.contains(document.activeElement));
    const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
    const link = next.querySelector("a, button");
    (link ?? next).focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function go(letter) {
    // Only places that the reader's own menu has; one with a badge leads to the rows it counts (/services/?tab=failing).
    const link = document.querySelector(`.nav a:is([href="${places[letter]}"], [href^="${places[letter]}?"])`);
    if (link) location.assign(link.href);
  }

  function keep(event) {
    const again = new KeyboardEvent("keydown", { key: event.key, bubbles: true, cancelable: true });
    event.preventDefault();
    document.addEventListener("DOMContentLoaded", () => document.activeElement.dispatchEvent(again), { once: true });
  }

  document.addEventListener("keydown", (event) => {
    if (!window.keysAllowed(event)) return;
    // When it was pressed, not when a busy page came to it.
    const key = event.key, at = performance.timeOrigin + event.timeStamp;
    if (!ready) { if (/^[a-z1-9/?]$/.test(key)) keep(event); return; }
    const begun = going.get();
    if (begun) going.set(0);
    if (at - begun < 1500 && places[key]) { event.preventDefault(); return go(key); }
    const act = {
      "/": () => {
        const field = [...document.querySelectorAll("[data-search]")].find((one) => one.offsetParent);
        if (field) return field.focus();
        document.querySelector(".nav [data-name=Search]")?.click();
      },
      "?": () => document.getElementById("keys-dialog")?.showModal(),
      g: () => going.set(at),
      j: () => move(1),
      k: () => move(-1),
    }[key];
    const button = /^[a-z1-9]$/.test(key) && document.querySelector(`[data-page-key="${key}"]`);
    if (!act && !button) return;
    event.preventDefault();
    if (act) act(); else if (!event.repeat) button.click();
  });

  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-shortcuts-switch]")) return;
    if (target.checked) delete root.dataset.shortcuts; else root.dataset.shortcuts = "off";
    document.cookie = `shortcuts=${target.checked ? "on" : "off"}; path=/; max-age=31536000; samesite=lax`;
  });
})();
