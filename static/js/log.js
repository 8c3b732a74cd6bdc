// The deployment page: its parts as the deployment goes on, and the log viewer.
// The log is blocks of 250 lines; only those near the view hold lines, the rest keep their height. Lines come from the
// server as HTML that is escaped there. The last block is read again when the log grows, so a line that was cut is mended.
// Runs of similar lines are folded in a <details>, which opens where a line in it is gone to.
// Addresses: #L412, #L412-L420 (a click on a number, with shift for the second), ?line=412. Keys: n p evidence, / find,
// w wrap, f follow.
"use strict";
(() => {
  const page = document.getElementById("deployment"), log = document.getElementById("log");
  if (!page || !log) return;
  const $ = (id) => document.getElementById(id);
  const BLOCK = 250, LINE = 24, TALLEST = 2e7;  // pixels that every browser can lay out
  let total = Number(log.dataset.total), marks = log.dataset.marks ? log.dataset.marks.split(",").map(Number) : [];
  let follow = $("state").dataset.open === "1", hits = [], hit = -1, blocks = [];

  // --- Blocks ---
  const near = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) if (isIntersecting) fill(target); else empty(target);
  }, { root: log, rootMargin: "800px 0px" });

  function lay() {
    const count = Math.ceil(total / BLOCK);
    while (blocks.length < count) {
      const first = blocks.length * BLOCK + 1;
      const block = sent.get(first) ?? Object.assign(document.createElement("div"), { className: "log-block" });
      block.first = first;
      log.append(block);
      blocks.push(block);
      size(block);
      near.observe(block);
    }
    if (count) size(blocks[count - 1]);
  }
  const lines = (block) => Math.min(BLOCK, total - block.first + 1);
  function size(block) { if (!block.firstChild) block.style.height = `${block.tall ?? lines(block) * Math.min(LINE, TALLEST / total)}px`; }

  // Who asks for a block that is on its way waits for the same answer.
  function fill(block, again) {
    block.wanted = true;
    if (!again && (block.firstChild || block.coming)) return block.coming;
    const mine = block.coming = load(block).finally(() => { if (block.coming === mine) block.coming = null; });
    return mine;
  }
  async function load(block) {
    const turn = block.turn = (block.turn ?? 0) + 1;
    const answer = await fetch(`${log.dataset.lines}?first=${block.first}&count=${BLOCK}`, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok || turn !== block.turn || !block.wanted) return;
    const text = await answer.text();
    const unfolded = [...block.querySelectorAll("details[open] > .log-line:first-of-type")].map((row) => row.id);
    block.innerHTML = text;
    for (const id of unfolded) $(id)?.closest("details")?.setAttribute("open", "");
    block.style.height = "";
    point();
    if (follow) toEnd();
  }
  function empty(block) {
    block.wanted = false;
    if (!block.firstChild) return;
    block.tall = block.offsetHeight;
    block.replaceChildren();
    size(block);
  }

  // --- Going to lines ---
  let here = 0, until = 0;
  function point() {
    for (const old of log.querySelectorAll(".here")) old.classList.remove("here");
    for (let n = here; n && n <= until; n++) {
      const row = $(`L${n}`);
      row?.classList.add("here");
      row?.closest("details")?.setAttribute("open", "");
    }
  }
  async function go(line, last = line, page = true) {
    if (!(line >= 1 && line <= total)) return;
    setFollow(false);
    here = line;
    until = Math.min(last, line + 999);
    const block = blocks[Math.floor((line - 1) / BLOCK)];
    log.scrollTop = block.offsetTop - log.offsetTop + ((line - block.first) / BLOCK) * block.offsetHeight - log.clientHeight / 3;
    block.wanted = true;
    for (let tries = 0; tries < 3 && !$(`L${line}`); tries++) { block.wanted = true; await fill(block); }
    point();
    const row = $(`L${line}`);
    if (!row || here !== line) return;
    log.scrollTop += row.getBoundingClientRect().top - log.getBoundingClientRect().top - log.clientHeight / 3;
    if (page) row.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  function toEnd() { log.scrollTop = log.scrollHeight; }
  function setFollow(on) { follow = on; $("follow").setAttribute("aria-pressed", String(on)); if (on) { here = 0; toEnd(); } }
  function evidence(step) {
    if (!marks.length) return;
    const starts = marks.filter((n, i) => marks[i - 1] !== n - 1);
    const next = step > 0 ? starts.find((n) => n > here) ?? starts[0] : starts.findLast((n) => n < here) ?? starts.at(-1);
    go(next);
  }
  function wrap() {
    const on = log.classList.toggle("wrap");
    $("wrap").setAttribute("aria-pressed", String(on));
    for (const block of blocks) { block.tall = undefined; size(block); }
  }

  // --- Finding, on the server ---
  let typing = 0, turn = 0;
  async function find(words) {
    const mine = ++turn;
    if (!words) { hits = []; $("log-found").textContent = ""; return; }
    const answer = await fetch(`${log.dataset.find}?q=${encodeURIComponent(words)}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok || mine !== turn) return;
    const found = await answer.json();
    hits = found.lines;
    hit = -1;
    if (hits.length) step(1); else $("log-found").textContent = "none";
    if (found.more) $("log-found").textContent += "+";
  }
  function step(by) {
    if (!hits.length) return;
    hit = (hit + by + hits.length) % hits.length;
    $("log-found").textContent = `${hit + 1} of ${hits.length}`;
    go(hits[hit]);
  }
  $("log-find").addEventListener("input", ({ target }) => { clearTimeout(typing); typing = setTimeout(() => find(target.value), 250); });
  $("log-find").addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); step(event.shiftKey ? -1 : 1); }
  });

  // --- Growing ---
  async function news(version) {
    const answer = await fetch(`${page.dataset.here}?lines=0`, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) return;
    const box = document.createElement("template");
    box.innerHTML = await answer.text();
    page.dataset.version = version;
    for (const fresh of box.content.querySelectorAll("[data-part]")) {
      const old = $(fresh.id);
      if (old && old.outerHTML !== fresh.outerHTML && !old.contains(document.activeElement)) old.replaceWith(fresh);
    }
    const state = box.content.getElementById("state") ?? $("state");
    const known = String(marks);
    marks = (box.content.getElementById("log")?.dataset.marks || "").split(",").filter(Boolean).map(Number);
    $("next-mark").hidden = !marks.length;
    if (String(marks) !== known) for (const block of blocks) if (block.firstChild) fill(block, true);
    if (state.dataset.say !== said) document.dispatchEvent(new CustomEvent("announce", { detail: said = state.dataset.say }));
    $("log-size").textContent = state.dataset.log;
    grow(Number(state.dataset.total));
  }
  let said = $("state").dataset.say;
  function grow(now) {
    const last = blocks.at(-1), before = total;
    total = Math.max(total, now);
    if (total) $("no-log")?.remove();
    lay();
    if (last && (last.firstChild || last.wanted)) fill(last, true);
    if (follow && total > before) toEnd();
  }
  page.addEventListener("changed", ({ detail }) => news(detail));

  // --- Controls ---
  $("wrap").onclick = wrap;
  $("follow").onclick = () => setFollow(!follow);
  $("find-next").onclick = () => step(1);
  $("find-previous").onclick = () => step(-1);
  $("next-mark").onclick = () => evidence(1);
  log.addEventListener("wheel", ({ deltaY }) => { if (deltaY < 0 && follow) setFollow(false); }, { passive: true });
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#L"]');
    if (!link) return;
    event.preventDefault();
    const line = Number(link.getAttribute("href").slice(2));
    const [first, last] = event.shiftKey && here ? [Math.min(here, line), Math.max(here, line)] : [line, line];
    history.replaceState(history.state, "", last > first ? `#L${first}-L${last}` : `#L${first}`);
    go(first, last);
    if (!log.contains(link)) log.focus({ preventScroll: true });
  });
  document.addEventListener("keydown", (event) => {
    if (window.keysAllowed && !window.keysAllowed(event)) return;
    const act = { n: () => evidence(1), p: () => evidence(-1), w: wrap, f: () => setFollow(!follow) }[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // --- Start: the blocks that the server sent stay as they are ---
  const sent = new Map([...log.querySelectorAll(".log-block")].map((block) => [Number(block.dataset.first), block]));
  document.querySelector(".log-pages")?.remove();
  $("log-tools").hidden = false;
  if (total) log.replaceChildren();
  lay();
  const wanted = /^#L(\d+)(?:-L(\d+))?$/.exec(location.hash);
  if (wanted) go(Number(wanted[1]), Number(wanted[2] ?? wanted[1]));
  else if (log.dataset.line) go(Number(log.dataset.line));
  else if (marks.length) go(marks[0], marks[0], false); // nobody asked for that line: the page stays at its head
  else toEnd();
})();
