// A page that is a list: when its topic changes, each [data-part] is replaced by what the server shows now;
// what the reader has opened (details with an id) stays open.
"use strict";
const asked = {};  // id of a part -> how often it was asked for: only the newest answer is shown
document.addEventListener("changed", async ({ target, detail }) => {
  if (!target.matches("[data-part]") || [...target.querySelectorAll("input")].some((field) => field.value !== field.defaultValue) || target.contains(document.activeElement) && document.activeElement.matches("input")) return;
  const mine = asked[target.id] = (asked[target.id] ?? 0) + 1;
  const answer = await fetch(location.href, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const box = document.createElement("template");
  box.innerHTML = await answer.text();
  const fresh = box.content.getElementById(target.id);
  if (!fresh || mine !== asked[target.id]) return;
  const open = [...target.querySelectorAll("details[id]")].map((part) => [part.id, part.open]);
  const focusAgain = refocus(target);
  target.replaceWith(fresh);
  fresh.dataset.version = detail;
  for (const [id, shown] of open) { const part = document.getElementById(id); if (part) part.open = shown; }
  window.htmx?.process(fresh);
  fresh.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));  // frame.js wakes its buttons
  focusAgain(fresh);
});
