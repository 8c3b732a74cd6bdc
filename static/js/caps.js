// The caps page: bars follow the live feed (watch.js), e opens the form of the row that has the focus.
"use strict";
(() => {
  const EVERY = 2000;  // a busy site changes with every call
  let shown = 0, timer = 0;
  const board = () => document.getElementById("caps");

  async function show() {
    timer = 0;
    const old = board();
    if (old.querySelector(".edit-row")) return;  // nobody's typing is swept away; saving loads the page anew
    shown = Date.now();
    const answer = await fetch(location.href, { headers: { "HX-Request": "true" } });
    if (!answer.ok || !old.isConnected) return;
    const html = await answer.text(), row = document.activeElement?.closest?.("tr[id]")?.id;
    htmx.swap("#caps", html, { swapStyle: "outerHTML" });
    if (row) document.getElementById(row)?.querySelector("[data-edit], a")?.focus();
  }

  document.addEventListener("changed", ({ target }) => {
    if (target.id === "caps" && !timer) timer = setTimeout(show, Math.max(0, shown + EVERY - Date.now()));
  });
  document.addEventListener("keydown", (event) => {
    const link = document.activeElement?.closest?.("tr[data-row]")?.querySelector("[data-edit]");
    if (event.key !== "e" || !link || !window.keysAllowed?.(event)) return;
    event.preventDefault();
    link.click();
  });
})();
