// The Ask box: Ctrl Enter asks, an example fills the box, the button waits for the price.
"use strict";
(() => {
  const form = document.querySelector("[data-ask]"), field = document.getElementById("id_question");
  if (!form) return;

  function grow() {
    field.rows = Math.min(16, Math.max(3, field.value.split("\n").length));
  }

  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.querySelector("button.button-primary:not([disabled])")?.click();
  });
  document.addEventListener("click", (event) => {
    const example = event.target.closest("[data-fills]");
    if (!example || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    field.value = example.dataset.textValue;
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  // The largest committee that the cap still pays for.
  document.addEventListener("click", ({ target }) => {
    const names = target.closest("[data-fits]")?.dataset.fits.split("\n");
    if (!names) return;
    for (const box of form.querySelectorAll("[name=members]")) box.checked = names.includes(box.value);
    form.elements.mode.value = "auto";
    form.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const button of form.querySelectorAll("[data-fits]")) button.hidden = false;
  });
  field.addEventListener("input", grow);
  form.addEventListener("htmx:beforeRequest", () => {
    const price = form.querySelector(".ask-price");
    if (price && field.value.trim()) price.textContent = "…";
  });
  grow();
  if (field.value.trim() && !field.hasAttribute("aria-invalid")) field.setSelectionRange(field.value.length, field.value.length);
})();
