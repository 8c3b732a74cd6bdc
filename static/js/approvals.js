// Approvals: y goes to the first Approve, and never presses it.
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.key !== "y" || !keysAllowed(event)) return;
  document.querySelector('button[name="decision"][value="approve"]')?.focus();
});
