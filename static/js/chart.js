// Plotly in place of the server's SVG, of the same size: loaded when somebody points at the page or steps into the
// chart, and it is in view. Who reads, or touches with a finger (a tap opens the bar's calls), needs no 4.8 MB.
// The SVG stays under it: its links keep the keyboard and screen readers, and it is what prints.
// Colours come from probe elements, because a custom property reads back as the text "light-dark(...)".
"use strict";
(() => {
  const NARROW = matchMedia("(max-width: 719.98px)");
  const CONFIG = { displayModeBar: false, displaylogo: false, doubleClick: false, scrollZoom: false, showTips: false };
  let loading = null;

  function plotly() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = document.getElementById("usage-plotly").dataset.src;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error("plotly.js did not load"));
      document.head.append(script);
    });
    return loading;
  }

  // One probe per class, inside the chart, so that theme and tokens apply.
  function colour(body, css, property) {
    const probe = Object.assign(document.createElement("span"), { className: css, hidden: false });
    body.append(probe);
    const value = getComputedStyle(probe)[property];
    probe.remove();
    return value;
  }

  function colours(body) {
    const series = (slot) => colour(body, `swatch ${slot ? `series-${slot}` : "series-other"}`, "backgroundColor");
    return {
      series, line: colour(body, "probe-line", "backgroundColor"), text: colour(body, "meta", "color"),
      strong: colour(body, "strong", "color"), bad: colour(body, "bad", "color"), raised: colour(body, "probe-raised", "backgroundColor"),
      surface: colour(body, "probe-surface", "backgroundColor"), font: getComputedStyle(body).fontFamily,
    };
  }

  function traces(figure, c) {
    const bars = figure.series.map((part) => ({
      type: "bar", name: part.name, x: figure.keys, y: part.values, customdata: part.texts,
      marker: { color: c.series(part.slot), opacity: figure.today.map((today) => (today ? 0.5 : 1)), line: { width: 1, color: c.surface }, cornerradius: 1.5 },
      hovertemplate: "%{customdata}", hoverinfo: part.values.some(Boolean) ? undefined : "skip",
    }));
    // Seen only in the hover box, under the parts: the day's total and its calls.
    const total = figure.keys.map((_, n) => figure.series.reduce((sum, part) => sum + part.values[n], 0));
    return [...bars, {
      type: "scatter", mode: "markers", name: "Total", x: figure.keys, y: total, customdata: figure.totals,
      marker: { opacity: 0, size: 1 }, hovertemplate: "%{customdata}", showlegend: false,
    }];
  }

  function layout(figure, c, width, height) {
    const tick = { family: c.font, size: 11, color: c.text };
    const top = figure.grid.at(-1).at, left = 10 + 6.4 * Math.max(...figure.grid.map((line) => line.text.length));
    const limit = figure.limit;
    return {
      width, height, barmode: "stack", bargap: barGap(figure.keys.length, width - left), showlegend: false, dragmode: false, hovermode: "x unified",
      margin: { l: left, r: 0, t: 10, b: 35, pad: 0 }, paper_bgcolor: c.surface, plot_bgcolor: c.surface, font: tick,
      hoverlabel: { bgcolor: c.raised, bordercolor: c.line, font: { family: c.font, size: 12, color: c.strong } },
      xaxis: { type: "category", fixedrange: true, showgrid: false, zeroline: false, showline: false, ticks: "", tickfont: tick, tickangle: 0, ticklabelstandoff: 7,
        tickvals: figure.labels.map((label) => label.at), ticktext: figure.labels.map((label) => label.text), range: [-0.5, figure.keys.length - 0.5],
        showspikes: false },
      yaxis: { fixedrange: true, range: [-0.002 * top, 1.004 * top], zeroline: false, showgrid: false, ticks: "", tickfont: tick, ticklabelstandoff: 8,
        tickvals: figure.grid.map((line) => line.at), ticktext: figure.grid.map((line) => line.text) },
      // Lines are shapes: Plotly leaves out grid lines at the ends of an axis.
      shapes: [...figure.grid.map(({ at }) => across(at, { color: c.line, width: 1 }, "below")),
        ...(limit ? steps(limit.steps, { color: c.bad, width: 1.5, dash: "5px,4px" }) : [])],
      annotations: limit ? [{ text: limit.text, xref: "x", x: limit.ends - 0.5, xanchor: "right", y: limit.above, yanchor: "bottom", showarrow: false,
        font: { family: c.font, size: 11, color: c.bad, weight: 600 } }] : [],
    };
  }
  const across = (at, line, layer) => ({ type: "line", layer, xref: "paper", x0: 0, x1: 1, y0: at, y1: at, line });
  // Level by level, and a riser where one begins as another ends. On this axis bar n lies around n.
  const steps = (levels, line) => levels.flatMap((level, n) => {
    const at = { type: "line", layer: "above", xref: "x", line }, before = levels[n - 1];
    const riser = before?.to === level.from ? [{ ...at, x0: level.from - 0.5, x1: level.from - 0.5, y0: before.at, y1: level.at }] : [];
    return [...riser, { ...at, x0: level.from - 0.5, x1: level.to - 0.5, y0: level.at, y1: level.at }];
  });
  const barGap = (bars, width) => Math.max(0.25, 1 - 56 / (width / bars));

  async function draw(body) {
    const figures = JSON.parse(document.getElementById(body.dataset.plot).dataset.figures);
    const library = await plotly();
    let place = body.querySelector(".chart-plot");
    if (!place) {
      place = Object.assign(document.createElement("div"), { className: "chart-plot", ariaHidden: "true" });
      body.append(place);
    }
    const paint = () => {
      const figure = NARROW.matches ? figures.narrow : figures.wide;
      const shown = body.querySelector(NARROW.matches ? ".chart-narrow" : ".chart-wide");
      const { width, height } = shown.getBoundingClientRect();
      if (width && height) library.react(place, traces(figure, colours(body)), layout(figure, colours(body), width, height), CONFIG);
      place.figure = figure;
    };
    paint();
    body.classList.add("plotted");
    place.on("plotly_click", ({ points }) => { location.href = place.figure.urls[points[0].pointIndex]; });
    follow(body, place, library);
    new ResizeObserver(soon(paint)).observe(body);
    addEventListener("theme", paint);
  }

  // The SVG's links have the focus; the hover box of Plotly shows what they stand on.
  function follow(body, place, library) {
    const show = (link) => library.Fx.hover(place, { xval: [...link.closest("svg").querySelectorAll("a")].indexOf(link), yval: 0 }, "xy");
    body.addEventListener("focusin", ({ target }) => show(target));
    body.addEventListener("focusout", () => library.Fx.unhover(place));
    if (body.contains(document.activeElement)) show(document.activeElement);
  }
  const soon = (act) => {
    let asked = 0;
    return () => { cancelAnimationFrame(asked); asked = requestAnimationFrame(act); };
  };

  // It blocks the page for half a second, so it waits for a hand on the mouse or for the keyboard in the chart.
  function wait() {
    const bodies = [...document.querySelectorAll("[data-plot]")];
    if (!bodies.length) return;
    const wanted = new AbortController();
    const begin = (event) => {
      if (event.pointerType === "touch" || (event.type === "focusin" && !event.target.closest("[data-plot]"))) return;
      wanted.abort();
      bodies.forEach((body) => seen.observe(body));
    };
    const seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        draw(target).catch((error) => console.warn(`The chart stays as drawn by the server: ${error.message}`));
      }
    });
    for (const name of ["pointermove", "pointerdown", "focusin"]) addEventListener(name, begin, { signal: wanted.signal, passive: true });
  }
  wait();

  // Keys of this page: left and right move by one range, t switches to the table and back.
  document.addEventListener("keydown", (event) => {
    if (!window.keysAllowed?.(event)) return;
    const links = { ArrowLeft: "[data-range=earlier]", ArrowRight: "[data-range=later]", t: ".chart .card-foot > a, [data-table-switch]" };
    const link = links[event.key] && document.querySelector(links[event.key]);
    if (link) { event.preventDefault(); link.click(); }
  });
})();
