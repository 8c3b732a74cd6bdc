// The providers page: Alt + arrows or the grip move a row, e edits, t tests; a running test shows its seconds;
// what changes while the page is open comes by the live feed (watch.js).
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
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

  // --- Drag: the grip follows the pointer, the row takes its place at once, one request says where it was left ---
  let drag = null;
  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.(".grip");
    if (!grip || event.button || drag) return;
    event.preventDefault();
    const row = rowOf(grip);
    drag = { row, grip, from: places().indexOf(row) };
    grip.setPointerCapture(event.pointerId);
    row.classList.add("dragged");
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const over = places().find((row) => {
      const box = row.getBoundingClientRect();
      return row !== drag.row && event.clientY > box.top && event.clientY < box.bottom;
    });
    if (!over) return;
    const box = over.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) over.before(drag.row); else over.after(drag.row);
  });
  for (const end of ["pointerup", "pointercancel"])
    document.addEventListener(end, (event) => {
      if (!drag) return;
      const { row, grip, from } = drag, to = places().indexOf(row);
      drag = null;
      row.classList.remove("dragged");
      if (grip.hasPointerCapture(event.pointerId)) grip.releasePointerCapture(event.pointerId);
      if (to === from) return;
      moved = row.id;
      const mover = $(".mover", row);
      // Rows that a filter hides keep their place: the row goes before or after the neighbour that is shown.
      const near = places()[to + (to < from ? 1 : -1)]?.dataset.provider;
      htmx.ajax("POST", mover.getAttribute("action"), { target: "#providers", swap: "outerHTML",
        values: { do: to < from ? "before" : "after", provider: row.dataset.provider, near } });
    });
  const places = () => all(".providers tr[data-provider]");

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

  // --- What changed elsewhere ---
  let asking = 0, waiting = "";
  const board = () => document.getElementById("providers");
  const busy = () => drag || $("#providers .provider-form") || $("#providers input:focus");
  document.addEventListener("changed", async ({ target, detail: version }) => {
    if (target.id !== "providers") return;
    if (asking) { waiting = version; return; }
    asking++;
    try { await show(target, version); } finally { answered(); }
  });
  function answered() {
    asking = Math.max(0, asking - 1);
    if (asking || !waiting) return;
    const version = waiting;
    waiting = "";
    if (board().dataset.version !== version) board().dispatchEvent(new CustomEvent("changed", { bubbles: true, detail: version }));
  }
  // The page's own requests bring the board as it is then.
  document.addEventListener("htmx:beforeRequest", ({ detail }) => { if (detail.target?.id === "providers") asking++; });
  document.addEventListener("htmx:afterRequest", ({ detail }) => { if (detail.target?.id === "providers") answered(); });

  async function show(old, version) {
    const [saved, seen] = version.split("."), here = new URL(location.href);
    let rows = !old.dataset.version.startsWith(`${saved}.`) || here.searchParams.get("tab") === "trouble";
    if (rows && busy()) rows = false;  // new rows wait until the form is closed, which loads them
    if (!rows) { here.searchParams.delete("edit"); here.searchParams.set("states", "1"); }
    const answer = await fetch(here, { headers: { "HX-Request": "true" } });
    if (!answer.ok || !old.isConnected) return;
    const html = await answer.text(), before = states(), focused = document.activeElement;
    if (rows) {
      moved ||= rowOf(focused)?.id ?? "";
      htmx.swap("#providers", html, { swapStyle: "outerHTML" });
    } else {
      htmx.swap("#providers", placed(html), { swapStyle: "none" });
      old.dataset.version = `${old.dataset.version.split(".")[0]}.${seen}`;
      if (focused.id && !focused.isConnected) document.getElementById(focused.id)?.focus();
    }
    say(before);
  }
  // Without the parts of rows that this page does not show yet.
  function placed(html) {
    const box = document.createElement("template");
    box.innerHTML = html;
    for (const part of all("template", box.content))
      if (![...part.content.children].every((el) => document.getElementById(el.id))) part.remove();
    return box.innerHTML;
  }
  // What stays as it is stays the same element: no flicker, and a focus inside is kept.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail, fresh = fragment.firstElementChild;
    if (fresh && target.isEqualNode(fresh)) event.detail.shouldSwap = false;
  });
  const states = () => new Map(all("[data-state]").map((cell) => [cell.id, cell.dataset.state]));
  function say(before) {
    const news = all("[data-state]").filter((cell) => before.has(cell.id) && before.get(cell.id) !== cell.dataset.state);
    const words = news.slice(0, 3).map((cell) => `${cell.dataset.name}: ${$(".badge", cell)?.textContent.trim()}`);
    if (news.length > 3) words.push(`and ${news.length - 3} more`);
    if (words.length) document.dispatchEvent(new CustomEvent("announce", { detail: words.join(", ") }));
  }
})();
