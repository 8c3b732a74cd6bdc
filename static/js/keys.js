// Keys on every page: / ? g+letter j k Enter Esc. None fires in fields; <html data-shortcuts="off"> turns the single ones off.
// A page's own buttons: [data-page-key="d"] is pressed by d. Rows are [data-row] (Enter follows their first link). Other scripts ask window.keysAllowed(event) before they take a key.
"use strict";
(() => {
  const places = { o: "/", a: "/senate/", s: "/services/", i: "/incidents/", f: "/jules/", g: "/agents/",
    p: "/approvals/", u: "/usage/", c: "/usage/caps/", k: "/providers/", l: "/audit/" };
  const root = document.documentElement;
  let going = 0;

  window.keysAllowed = (event) =>
    root.dataset.shortcuts !== "off" && !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey &&
    !event.target.closest("input, textarea, select, [contenteditable]") && !document.querySelector("dialog[open]");

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
    going = 0;
    // Only places that the reader's own menu has.
    const link = document.querySelector(`.nav a[href="${places[letter]}"]`);
    if (link) location.assign(link.href);
  }

  document.addEventListener("keydown", (event) => {
    if (!window.keysAllowed(event)) return;
    const key = event.key;
    if (going && Date.now() - going < 1500 && places[key]) { event.preventDefault(); return go(key); }
    going = 0;
    const act = {
      "/": () => {
        const field = document.querySelector("[data-search]");
        if (field) return field.focus();
        document.querySelector(".nav [data-name=Search]")?.click();
      },
      "?": () => document.getElementById("keys-dialog")?.showModal(),
      g: () => { going = Date.now(); },
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
