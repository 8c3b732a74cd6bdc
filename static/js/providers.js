// The providers page: Alt + arrows move a row, e edits, t tests; a running test shows its seconds.
"use strict";
(() => {
  let moved = "";
  const rowOf = (element) => element?.closest?.("[data-provider]");

  document.addEventListener("keydown", (event) => {
    const row = rowOf(document.activeElement);
    if (!row) return;
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      const button = row.querySelector(`.mover [value=${event.key === "ArrowUp" ? "up" : "down"}]`);
      if (!button) return;
      event.preventDefault();
      moved = row.id;
      button.click();
    } else if (window.keysAllowed?.(event) && (event.key === "e" || event.key === "t")) {
      const target = row.querySelector(event.key === "e" ? "[data-edit]" : "[data-test] button");
      if (!target) return;
      event.preventDefault();
      target.click();
    }
  });

  document.addEventListener("htmx:beforeRequest", ({ target }) => {
    if (rowOf(target) && target.matches(".mover")) moved = rowOf(target).id;
    if (!target.matches("[data-test]")) return;
    const button = target.querySelector("button"), start = performance.now();
    button.disabled = true;
    const show = () => { button.textContent = `Testing… ${((performance.now() - start) / 1000).toFixed(1)} s`; };
    show();
    const timer = setInterval(() => (button.isConnected ? show() : clearInterval(timer)), 100);
    target.addEventListener("htmx:afterRequest", () => {
      clearInterval(timer);
      button.disabled = false;
      button.textContent = "Test";
    }, { once: true });
  });

  // The list is new after a move: the row keeps the focus.
  document.addEventListener("htmx:afterSettle", () => {
    if (moved) document.getElementById(moved)?.querySelector("th a")?.focus();
    moved = "";
    wake();
  });
  function wake() {
    for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
  }
  wake();
})();
