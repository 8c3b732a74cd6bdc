// The API's pages: sends what the form holds, and shows status, time and text of the answer, a stream as it comes.
// Without a token of its own the request goes out as who is signed in.
"use strict";
(() => {
  const form = document.getElementById("try"), answer = document.getElementById("try-answer");
  if (!form) return;
  const MOST = 200_000;  // characters that are shown
  const part = (name) => answer.querySelector(`[data-${name}]`);
  const send = form.querySelector("[type=submit]"), stop = form.querySelector("[data-stop]");
  let running = null;
  form.hidden = false;

  function request() {
    const { method, path } = form.dataset, fields = new FormData(form), query = new URLSearchParams();
    for (const [name, value] of fields) if (name.startsWith("query.") && value) query.append(name.slice(6), value);
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(fields.get(`path.${name}`)));
    const headers = { Accept: "application/json, text/event-stream, */*" };
    if (fields.get("token")) headers.Authorization = `Bearer ${fields.get("token")}`;
    else if (method !== "GET") headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]").content;
    if (fields.has("body")) headers["Content-Type"] = "application/json";
    return [filled + (query.size ? `?${query}` : ""), { method, headers, body: fields.get("body") ?? undefined,
      credentials: fields.get("token") ? "omit" : "same-origin" }];
  }

  async function ask() {
    const began = performance.now();
    const [url, how] = request();
    running = new AbortController();
    show("Sent", "", "");
    try {
      const got = await fetch(url, { ...how, signal: running.signal });
      const facts = () => [`${Math.round(performance.now() - began)} ms`, got.headers.get("X-Request-ID")].filter(Boolean).join(" · ");
      const title = `${got.status} ${got.statusText}`.trim();
      const reader = got.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (let piece = await reader?.read(); piece && !piece.done; piece = await reader.read()) {
        text += piece.value;
        show(title, facts(), text);
        if (text.length > MOST) { running.abort(); break; }
      }
      show(title, facts(), pretty(text));
    } catch (error) {
      if (error.name === "AbortError") part("facts").textContent += " stopped";
      else show("The site does not answer.", "", "");
    }
  }
  function show(title, facts, text) {
    answer.hidden = false;
    if (part("status").textContent !== title) part("status").textContent = title;
    part("facts").textContent = facts;
    part("text").textContent = text.slice(0, MOST);
    part("text").hidden = !text;
  }
  function pretty(text) {
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (running) return;
    stop.hidden = false;
    await ask();
    running = null;
    stop.hidden = true;
    send.removeAttribute("aria-busy");
  });
  stop.addEventListener("click", () => running?.abort());
})();
