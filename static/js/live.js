// The session page while it runs: event rows over a websocket, applied to the page's parts.
// A part is an element with id and data-n, the last event it includes. An event's `swap` replaces parts that are older;
// text is appended to [data-text=KEY] when its n is newer than the part's: at once what a new socket brings first,
// then at most eight times a second. So whatever arrives twice or late changes nothing, and after the end the page is
// what a reload would show.
// Keys: 1-9 one member wide, v votes, r resolution, c cancel; arrows in the vote matrix.
"use strict";
(() => {
  const page = document.getElementById("session");
  if (!page) return;
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  // --- What the reader chose survives a swap ---
  let wide = page.dataset.wide, vote = new URLSearchParams(location.search).get("vote") ?? "", expanded = false;

  function address(name, value) {
    const url = new URL(location.href);
    if (value === "") url.searchParams.delete(name); else url.searchParams.set(name, value);
    history.replaceState(history.state, "", url);
  }

  function showWide() {
    for (const column of all(".member")) {
      const index = column.id.slice(7), on = index === wide;
      column.classList.toggle("wide", on);
      $(".member-head a", column).setAttribute("href", on ? "?" : `?m=${index}#member-${index}`);
    }
  }

  function toggleWide(index) {
    if (!document.getElementById(`member-${index}`)) return;
    wide = wide === String(index) ? "" : String(index);
    address("m", wide);
    showWide();
    if (wide !== "") document.getElementById(`member-${index}`).scrollIntoView({ block: "nearest" });
  }

  function showVote() {
    if (!$(`#reasons [data-reason="${CSS.escape(vote)}"]`)) return;
    for (const cell of all("#votes [data-vote]")) cell.setAttribute("aria-pressed", String(cell.dataset.vote === vote));
    for (const line of all("#reasons [data-reason]")) line.hidden = line.dataset.reason !== vote;
  }

  // Columns as high as their text; only where a script can fold them again.
  function showExpanded() {
    const button = $("[data-expands]");
    if (!button) return;
    button.hidden = false;
    button.setAttribute("aria-pressed", String(expanded));
    $("span", button).textContent = expanded ? "Fold" : "Expand all";
    $(".members").classList.toggle("expanded", expanded);
  }

  const restore = () => { showWide(); showVote(); showExpanded(); };

  // Who scrolled up in a running text gets a way back to its end.
  function newest(body) {
    let button = $(":scope > .newest", body);
    if (body.scrollTop > -40 || !$("[data-text]", body)) return button?.remove();
    if (button) return;
    button = Object.assign(document.createElement("button"), { type: "button", className: "button button-small newest", textContent: "Newest" });
    button.onclick = () => { body.scrollTop = 0; };
    body.prepend(button);
  }

  // --- Applying events ---
  let last = Number(page.dataset.after ?? 0), said = $("#stepper")?.dataset.say;
  const texts = [], CATCH_UP_MS = 1000;
  let writing = 0, begun = 0;  // when the first message of this socket came

  function swap({ id, html }) {
    const old = document.getElementById(id), box = document.createElement("template");
    box.innerHTML = html;
    const fresh = box.content.firstElementChild;
    if (!old || !fresh || Number(fresh.dataset.n) < Number(old.dataset.n)) return;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const vote = focused?.dataset.vote, label = focused?.getAttribute("aria-label");
    old.replaceWith(fresh);
    if (focused) {
      const again = vote ? $(`[data-vote="${vote}"]`, fresh) : all("[aria-label]", fresh).find((el) => el.getAttribute("aria-label") === label);
      again?.focus({ preventScroll: true });
    }
  }

  // A part may hold a little more than its n says; the offset (in characters, not UTF-16 units) tells.
  function unseen(place, { offset, text }) {
    const known = [...place.textContent].length;
    return known > offset ? [...text].slice(known - offset).join("") : text;
  }

  // n decides, so text that a swap brought already is left out.
  function write() {
    writing = 0;
    for (const { n, data } of texts.splice(0)) {
      const place = $(`[data-text="${CSS.escape(data.key)}"]`), part = place?.closest("[data-n]");
      if (!part || n <= Number(part.dataset.n)) continue;
      place.append(unseen(place, data));
      place.normalize();
      part.dataset.n = n;
    }
  }

  function apply(event) {
    if (event.n <= last) return;
    last = event.n;
    for (const part of event.swap ?? []) swap(part);
    if (event.swap) { restore(); say(); }
    if ($("#head").dataset.state === "ended") tell("session-ended", last);  // in the same turn that shows the ended page
    if (event.type !== "call.text") return;
    texts.push(event);
    writing ||= setTimeout(write, Date.now() - begun < CATCH_UP_MS ? 0 : 125);
  }

  function say() {
    const sentence = $("#stepper")?.dataset.say;
    if (sentence && sentence !== said) tell("announce", sentence);
    said = sentence;
  }

  // --- The line ---
  const STOPS = { 4400: 1, 4401: 1, 4404: 1 };
  let socket = null, tries = 0, heard = 0, reason = "", retry = 0, count = 0, stopped = !page.dataset.live;

  function connect() {
    clearTimeout(retry);
    clearInterval(count);
    const url = new URL(page.dataset.live, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = `?after=${last}&render=1`;
    reason = "";
    heard = Date.now();
    begun = Infinity;
    let opened = false;
    const mine = socket = new WebSocket(url);
    mine.onopen = () => { opened = true; };
    mine.onmessage = ({ data }) => {
      heard = Date.now();
      begun = Math.min(begun, heard);
      tries = 0;
      found();
      const event = JSON.parse(data);
      if (event.type === "closing") reason = event.reason;
      else if (event.n) apply(event);
    };
    mine.onclose = async ({ code }) => {
      if (mine !== socket) return;
      write();
      if (code === 1000) { stopped = true; return found(); }
      if (STOPS[code]) return stop(reason);
      if (!opened && tries > 0 && await refused()) return;
      later();
    };
  }

  function later() {
    const seconds = Math.ceil(Math.min(30, 2 ** tries++) * (0.6 + Math.random() * 0.8));
    let left = seconds;
    const show = () => lost(reason || `Connection lost, the work goes on. Retrying in ${left} s`);
    show();
    count = setInterval(() => { left = Math.max(0, left - 1); show(); }, 1000);
    retry = setTimeout(connect, seconds * 1000);
  }

  // A refusal before the handshake looks like a dead line to a script, so the same question goes over HTTP.
  async function refused() {
    try {
      const answer = await fetch(`${page.dataset.events}?after=${last}&limit=1`, { headers: { Accept: "application/json" } });
      if (![401, 403, 404].includes(answer.status)) return false;
      stop(answer.status === 404 ? "This session is no longer shown to you." : "You are signed out. Reload the page to sign in.");
      return true;
    } catch { return false; }
  }

  function stop(sentence) {
    stopped = true;
    clearInterval(count);
    lost(sentence);
  }

  function lost(sentence) {
    const strip = $("#stepper");
    strip.classList.add("lost");
    let line = $(".stepper-lost", strip);
    if (!line) strip.append(line = Object.assign(document.createElement("p"), { className: "stepper-lost" }));
    if (line.textContent === "") tell("announce", sentence);
    line.textContent = sentence;
  }

  function found() {
    clearInterval(count);
    $("#stepper").classList.remove("lost");
    $(".stepper-lost")?.remove();
  }

  setInterval(() => {
    for (const bar of all(".timeout[data-since]")) {
      const gone = (Date.now() - Date.parse(bar.dataset.since)) / 1000;
      $("rect", bar)?.setAttribute("width", `${Math.min(100, Math.max(0, 100 * gone / Number(bar.dataset.timeout))).toFixed(1)}%`);
    }
    // The server speaks at least every 20 s; a line that is silent for longer is dead without having said so.
    if (!stopped && socket?.readyState === WebSocket.OPEN && Date.now() - heard > 45000) { socket.close(); socket.onclose({ code: 0 }); socket = null; }
  }, 1000);
  const awake = () => { if (!stopped && !document.hidden && (!socket || socket.readyState > 1)) connect(); };
  document.addEventListener("visibilitychange", awake);
  addEventListener("online", awake);
  addEventListener("pagehide", () => { stopped = true; socket?.close(); });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // --- The reader ---
  document.addEventListener("click", (event) => {
    const cell = event.target.closest("#votes [data-vote]"), head = event.target.closest("[data-wide-for]");
    if (event.target.closest("[data-expands]")) { expanded = !expanded; showExpanded(); }
    if (cell) { event.preventDefault(); vote = cell.dataset.vote; address("vote", vote); showVote(); }
    else if (head && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); toggleWide(head.dataset.wideFor); }
  });
  document.addEventListener("scroll", (event) => { if (event.target.classList?.contains("member-body")) newest(event.target); }, true);

  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  function walk(cell, [down, right]) {
    const row = cell.closest("tr"), rows = [...row.parentElement.rows];
    let r = rows.indexOf(row), c = cell.closest("td").cellIndex;
    do { r += down; c += right; } while (rows[r]?.cells[c] && !$("[data-vote]", rows[r].cells[c]));
    rows[r]?.cells[c] && $("[data-vote]", rows[r].cells[c])?.focus();
  }
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest?.("[data-vote]");
    if (cell && STEPS[event.key]) { event.preventDefault(); return walk(cell, STEPS[event.key]); }
    if (!window.keysAllowed?.(event)) return;
    const go = (...wanted) => { const el = wanted.map((one) => $(one)).find(Boolean); el?.scrollIntoView({ block: "start" }); el?.focus({ preventScroll: true }); };
    if (/^[1-9]$/.test(event.key)) toggleWide(Number(event.key) - 1);
    else if (event.key === "v") go("#votes [data-vote][aria-pressed=true]", "#votes-title");
    else if (event.key === "r") go("#resolution-title");
    else if (event.key === "c") $("#head[data-state=open]") && document.getElementById("cancel-dialog")?.showModal();
    else return;
    event.preventDefault();
  });

  document.addEventListener("parts-replaced", restore);
  showExpanded();
  if (!stopped) connect();
})();
