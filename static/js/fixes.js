// Fixes: a page that changes elsewhere is shown anew, with what the reader has opened, read and focused; a log that
// was read at its end follows. d diff, s split, [ ] files.
"use strict";
(() => {
  const logs = (place) => [...place.querySelectorAll(".timeline pre")];
  const atEnd = (log) => log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  let asking = false, waiting = false;
  document.addEventListener("changed", async ({ target }) => {
    if (target.id !== "fixes") return;
    if (asking) { waiting = true; return; }
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { "HX-Request": "true" } });
      if (answer.ok && target.isConnected) {
        const text = await answer.text();
        const open = [...target.querySelectorAll("details")].map((part) => part.open);
        const read = logs(target).map((log) => (atEnd(log) ? Infinity : log.scrollTop));
        const focusAgain = refocus(target);
        htmx.swap("#fixes", text, { swapStyle: "outerHTML" });
        const fresh = document.getElementById("fixes");
        fresh.querySelectorAll("details").forEach((part, n) => { if (open[n]) part.open = true; });
        logs(fresh).forEach((log, n) => { log.scrollTop = Math.min(read[n] ?? Infinity, log.scrollHeight); });
        focusAgain(fresh);
      }
    } finally {
      asking = false;
      if (waiting) { waiting = false; document.getElementById("fixes")?.dispatchEvent(new CustomEvent("changed", { bubbles: true })); }
    }
  });

  logs(document).forEach((log) => { log.scrollTop = log.scrollHeight; });

  let at = 0;
  document.addEventListener("keydown", (event) => {
    if (!keysAllowed(event)) return;
    const files = [...document.querySelectorAll(".diff-file")];
    if (event.key === "d") document.getElementById("diff")?.scrollIntoView();
    else if (event.key === "s") document.querySelector("#diff .segmented a:not([aria-current])")?.click();
    else if ("[]".includes(event.key) && files.length) {
      at = (at + (event.key === "]" ? 1 : files.length - 1)) % files.length;
      files[at].focus();
      files[at].scrollIntoView();
    }
  });
})();
