// Replay of an ended session: the slider shows the page as it was after that event. The server has the pages
// (`?at=N`); this takes their parts. One request at a time, and of what was wanted meanwhile only the newest.
// Keys: arrows, Page and Home/End on the slider; space plays and stops, on the slider or once a replay has begun.
"use strict";
(() => {
  const line = document.querySelector("[data-replay]");
  if (!line) return;
  const slider = line.elements.at, play = line.querySelector("[data-plays]"), where = line.querySelector("[data-where]");
  const back = line.querySelector("[data-leaves]"), TICK_MS = 200, LENGTH_MS = 30000;
  let wanted = null, busy = false, playing = 0;
  play.hidden = false;
  line.querySelector("[data-sends]").hidden = true;

  const most = () => Number(slider.max), now = () => Number(slider.value), ended = () => now() >= most();

  // A page that was open to the end of its session knows only now how many events there were.
  document.addEventListener("session-ended", ({ detail }) => {
    slider.max = detail;  // before the value, which is held within it
    slider.value = detail;
    slider.setAttribute("max", detail);
    slider.setAttribute("value", detail);
    name();
  });

  function name() {
    const text = `Event ${now()} of ${most()}`;
    where.textContent = ended() ? `${most()} events` : text;
    back.hidden = ended();
    slider.setAttribute("aria-valuetext", `${text}, ${document.querySelector("#head .badge")?.textContent.trim() ?? ""}`);
  }

  function take(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const part of page.querySelectorAll("#head, #session [data-n]")) document.getElementById(part.id)?.replaceWith(part);
    document.dispatchEvent(new CustomEvent("parts-replaced"));
  }

  async function show(n) {
    wanted = n;
    if (busy) return;
    busy = true;
    try {
      while (wanted !== null) {
        const at = wanted, url = new URL(location.href);
        wanted = null;
        if (at >= most()) url.searchParams.delete("at"); else url.searchParams.set("at", at);
        const answer = await fetch(url, { headers: { Accept: "text/html" } });
        if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
        take(await answer.text());
        history.replaceState(history.state, "", url);
        name();
      }
    } catch {
      stop();
      where.textContent = "This moment could not be loaded. Try again.";
    } finally { busy = false; }
  }

  function stop() {
    clearInterval(playing);
    playing = 0;
    play.setAttribute("aria-pressed", "false");
    play.querySelector("span").textContent = "Replay";
  }

  function start() {
    if (ended()) slider.value = 0;
    const step = Math.max(1, Math.round(most() * TICK_MS / LENGTH_MS));
    play.setAttribute("aria-pressed", "true");
    play.querySelector("span").textContent = "Stop";
    show(now());
    playing = setInterval(() => {
      if (busy) return;
      slider.value = now() + step;
      show(now());
      if (ended()) stop();
    }, TICK_MS);
  }

  const toggle = () => (playing ? stop() : start());
  play.addEventListener("click", toggle);
  slider.addEventListener("input", () => { stop(); show(now()); });
  back.addEventListener("click", (event) => { event.preventDefault(); stop(); slider.value = most(); slider.focus(); show(now()); });
  line.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const begun = playing || !ended(), free = begun && window.keysAllowed?.(event) && !event.target.closest("a, button, summary, [tabindex='0']");
    if (event.key !== " " || !(event.target === slider || free)) return;
    event.preventDefault();
    toggle();
  });
})();
