// Fixes: a page that changes elsewhere is shown anew, with what the reader has opened; d diff, s split, [ ] files.
"use strict";
(() => {
  let asking = false, waiting = false;
  document.addEventListener("changed", async ({ target }) => {
    if (target.id !== "fixes") return;
    if (asking) { waiting = true; return; }
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { "HX-Request": "true" } });
      if (answer.ok && target.isConnected) {
        const open = [...target.querySelectorAll("details")].map((part) => part.open);
        htmx.swap("#fixes", await answer.text(), { swapStyle: "outerHTML" });
        document.querySelectorAll("#fixes details").forEach((part, n) => { if (open[n]) part.open = true; });
      }
    } finally {
      asking = false;
      if (waiting) { waiting = false; document.getElementById("fixes")?.dispatchEvent(new CustomEvent("changed", { bubbles: true })); }
    }
  });

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
