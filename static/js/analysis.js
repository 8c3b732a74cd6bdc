// Recommendations by keys: a accepts, x rejects the selected one, or the first that is open (j and k move).
"use strict";
(() => {
  const chosen = () => document.activeElement?.closest("[data-step=open]") ?? document.querySelector("[data-step=open]");
  document.addEventListener("keydown", (event) => {
    if (!window.keysAllowed?.(event) || (event.key !== "a" && event.key !== "x")) return;
    const button = chosen()?.querySelector(`[data-key="${event.key}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
    if (event.key === "x") button.closest("details").querySelector(".input")?.focus();
  });
})();
