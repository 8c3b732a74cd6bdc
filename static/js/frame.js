// What every page does in the browser: dialogs, theme, rail, copy, passwords, clocks, toasts, and HTMX's edges.
// Everything works by attributes, so that parts which arrive later need no set-up:
//   data-opens="ID" data-closes data-theme-set data-rail-toggle data-copies="TEXT" data-shows="INPUT ID"
//   <details data-clears-on-close | data-closes-outside>, [data-started="ISO"] running clocks; a form's button turns busy by itself.
// Events: window "theme" after a change of colours; dispatch "toast" {detail: {text, undo}} or "announce" {detail: text} on document.
"use strict";
(() => {
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const remember = (name, value) => {
    document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  };

  // One sentence at a time, at most one in 10 s; the newest waits.
  let lastSaid = -1e9, waiting = null, sayTimer = 0;
  function announce(text) {
    waiting = text;
    if (sayTimer) return;
    sayTimer = setTimeout(() => {
      sayTimer = 0;
      lastSaid = performance.now();
      $("#live").textContent = waiting;
    }, Math.max(50, lastSaid + 10000 - performance.now()));
  }

  function toast({ text, undo }) {
    const line = document.createElement("div");
    line.className = "toast";
    line.append(Object.assign(document.createElement("span"), { textContent: text }));
    if (undo) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Undo" });
      button.onclick = () => { line.remove(); undo(); };
      line.append(button);
    }
    $("#toasts").append(line);
    announce(text);
    fade(line);
  }
  const fade = (line) => setTimeout(() => (line.matches(":hover, :focus-within") ? fade(line) : line.remove()), 6000);

  function setTheme(theme) {
    remember("theme", theme);
    if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-set]"))
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme));
    dispatchEvent(new Event("theme"));
  }

  function nameRail() {
    const rail = document.body.classList.contains("rail");
    for (const item of document.querySelectorAll(".nav > .nav-list [data-name], .nav-foot [data-name]"))
      item.title = rail ? item.getAttribute("aria-label") || item.dataset.name : "";
  }

  async function copy(button) {
    if (!navigator.clipboard) return toast({ text: "Copying needs https." });
    await navigator.clipboard.writeText(button.dataset.copies);
    toast({ text: "Copied." });
  }

  const acts = {
    opens: (el) => { $(".nav-menu[open]")?.removeAttribute("open"); document.getElementById(el.dataset.opens).showModal(); },
    closes: (el) => el.closest("dialog").close(),
    themeSet: (el) => setTheme(el.dataset.themeSet),
    railToggle: () => {
      remember("rail", document.body.classList.toggle("rail") ? "on" : "off");
      nameRail();
    },
    copies: copy,
    hides: (el) => { remember(el.dataset.hides, "off"); el.closest("[data-hidable]").remove(); },
    shows: (el) => {
      const field = document.getElementById(el.dataset.shows), hide = field.type === "text";
      field.type = hide ? "password" : "text";
      el.textContent = hide ? "Show" : "Hide";
    },
  };
  document.addEventListener("click", (event) => {
    for (const act of Object.keys(acts)) {
      const el = event.target.closest(`[data-${act.replace(/[A-Z]/g, (c) => "-" + c.toLowerCase())}]`);
      if (!el) continue;
      event.preventDefault();
      acts[act](el);
      return;
    }
    if (event.target.matches("dialog.sheet, dialog.dialog:not([data-stays])") && outside(event)) event.target.close();
    for (const menu of document.querySelectorAll("details[data-closes-outside][open]"))
      if (!menu.contains(event.target)) menu.open = false;
  });
  function outside({ target, clientX: x, clientY: y }) {
    const box = target.getBoundingClientRect();
    return x < box.left || x > box.right || y < box.top || y > box.bottom;
  }
  document.addEventListener("toggle", ({ target }) => {
    if (!target.matches?.("[data-clears-on-close]")) return;
    const field = $("input", target);
    if (target.open) field.focus(); else field.value = "";
  }, true);
  // A dialog with data-stays can't be left by Esc (a token that is shown once).
  const stays = (event) => { if (document.querySelector("dialog[data-stays]:modal")) event.preventDefault(); };
  document.addEventListener("cancel", stays, true);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    stays(event);
    const menu = $("details[data-closes-outside][open]");
    if (menu) { menu.open = false; $("summary", menu).focus(); }
  }, true);
  document.addEventListener("submit", (event) => {
    const { submitter, target } = event;
    if (!submitter?.matches(".button") || target.method === "dialog") return;
    // A double click, or a key that repeats, asks once.
    if (target.querySelector('.button[aria-busy="true"]')) return event.preventDefault();
    submitter.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    for (const el of document.querySelectorAll("form .button[aria-busy]")) el.removeAttribute("aria-busy");
  });

  const two = (n) => String(n).padStart(2, "0");
  function tick() {
    for (const el of document.querySelectorAll("[data-started]")) {
      const gone = Math.max(0, Math.floor((Date.now() + drift - Date.parse(el.dataset.started)) / 1000));
      const h = Math.floor(gone / 3600), m = Math.floor(gone / 60) % 60;
      const text = (h ? `${h}:${two(m)}` : `${m}`) + `:${two(gone % 60)}`;
      if (el.textContent !== text) el.textContent = text;
    }
  }
  // The server's clock counts, not the reader's: the first text shown by the server gives the difference.
  let drift = 0;
  const first = $("[data-started]");
  if (first) {
    const shown = first.textContent.trim().split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
    if (Number.isFinite(shown)) drift = Date.parse(first.dataset.started) + shown * 1000 - Date.now();
  }
  setInterval(tick, 500);

  function wake(from) {
    for (const el of from.querySelectorAll("[data-copies], [data-shows], [data-hides], [data-rail-toggle]")) el.hidden = false;
    for (const el of from.querySelectorAll("dialog[data-stays][open]:not(:modal)")) { el.close(); el.showModal(); }
  }
  wake(document);
  nameRail();
  for (const line of document.querySelectorAll(".toast")) fade(line);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dispatchEvent(new Event("theme")));
  document.addEventListener("toast", (event) => toast({ text: event.detail.text ?? event.detail.value, undo: event.detail.undo }));
  document.addEventListener("announce", (event) => announce(event.detail.value ?? event.detail));

  // HTMX: CSRF, the bar after 300 ms, focus after a boosted change, errors where they happened.
  const bar = $("#progress");
  let open = 0, barTimer = 0;
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.verb !== "get") detail.headers["X-CSRFToken"] = $("meta[name=csrf-token]").content;
  });
  document.addEventListener("htmx:beforeRequest", () => {
    if (open++ === 0 && bar) barTimer = setTimeout(() => bar.classList.add("on"), 300);
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    for (const el of detail.elt.querySelectorAll("[aria-busy]")) el.removeAttribute("aria-busy");
    open = Math.max(0, open - 1);
    if (open || !bar) return;
    clearTimeout(barTimer);
    bar.classList.remove("on");
  });
  document.addEventListener("htmx:load", ({ target }) => wake(target));
  const toMistake = () => $("main [aria-invalid=true]")?.focus();  // where a form came back with errors
  toMistake();
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.boosted) $("h1")?.focus();
    if (detail.requestConfig?.verb === "post") toMistake();
  });
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"])
    document.addEventListener(name, ({ detail }) => showError(detail));

  function showError({ requestConfig: asked, target, xhr, elt }) {
    const part = $("#part-error").content.firstElementChild.cloneNode(true);
    const id = xhr?.getResponseHeader?.("X-Request-ID");
    $("[data-text]", part).textContent = xhr?.status
      ? `This part could not be loaded (${xhr.status}).${id ? ` Request ${id}.` : ""}`
      : "The site does not answer.";
    const place = target === document.body ? $("#content") : target;
    $(":scope > .part-error", place)?.remove();
    place.prepend(part);
    $("[data-retry]", part).onclick = () => {
      part.remove();
      htmx.ajax(asked.verb, asked.path, { source: elt, target, values: Object.fromEntries(asked.formData ?? []) });
    };
  }
})();
