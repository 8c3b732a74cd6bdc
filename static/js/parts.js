// A page that is a list: when its topic changes, each [data-part] is replaced by what the server shows now.
"use strict";
document.addEventListener("changed", async ({ target, detail }) => {
  if (!target.matches("[data-part]") || target.contains(document.activeElement) && document.activeElement.matches("input")) return;
  const answer = await fetch(location.href, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const box = document.createElement("template");
  box.innerHTML = await answer.text();
  const fresh = box.content.getElementById(target.id);
  if (!fresh) return;
  const link = target.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  target.replaceWith(fresh);
  fresh.dataset.version = detail;
  if (link) fresh.querySelector(`[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true });
});
