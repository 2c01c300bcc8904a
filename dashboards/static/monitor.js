// The page of a monitor: a click leads to the run, dragging looks closer, [ and ] step through the anomalies.
// Its parts may be fetched again at any time, so nothing of them is held on to.
(() => {
  "use strict";
  const history = () => document.querySelector("#history");

  // What a clock in the project's zone showed, as an instant; an hour off at most where clocks change.
  function instant(local) {
    const guess = Date.parse(`${String(local).replace(" ", "T").slice(0, 19)}${String(local).length > 10 ? "" : "T00:00:00"}Z`);
    const shown = new Intl.DateTimeFormat("sv-SE", {
      timeZone: history().dataset.zone,
      dateStyle: "short",
      timeStyle: "medium",
    }).format(guess);
    const ahead = Date.parse(`${shown.replace(" ", "T")}Z`) - guess;
    return new Date(guess - ahead).toISOString().replace(".000Z", "Z");
  }

  function go(fields) {
    const url = new URL(history().dataset.page, location.href);
    for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
    location.assign(url);
  }

  const heard = new WeakSet();
  document.addEventListener("drawn", ({ target: canvas }) => {
    if (!canvas.closest("#history") || heard.has(canvas)) return;
    heard.add(canvas);
    canvas.on("plotly_click", ({ points: [point] }) => {
      if (point.yaxis._name === "yaxis2") {
        if (point.customdata) location.assign(`/runs/${encodeURIComponent(point.customdata)}`);
      } else {
        go({ at: instant(point.x), go: "run" });
      }
    });
    canvas.on("plotly_selected", (chosen) => {
      const [from, to] = chosen?.range?.x ?? [];
      if (from && to) go({ from: instant(from), to: instant(to) });
    });
  });

  // ---- the panel of sensitivities: fetched when it comes near, then every layer is there and nothing is asked again
  function choose(panel) {
    const slider = panel.querySelector("#sensitivity");
    const plot = panel.querySelector(".canvas");
    if (!slider) return;
    const show = () => {
      for (const level of panel.querySelectorAll(".level")) {
        level.classList.toggle("is-chosen", level.dataset.level === slider.value);
      }
      if (!plot.classList.contains("is-drawn")) return;
      const shown = plot.data.map((_, index) => index === 0 || index === Number(slider.value) + 1);
      Plotly.restyle(plot, { visible: shown });
    };
    slider.addEventListener("input", show);
    plot.addEventListener("drawn", show);
    show();
  }

  async function fetched(panel) {
    try {
      const answer = await fetch(panel.dataset.panel, { headers: { accept: "text/html" } });
      const later = answer.status === 503 && Number(answer.headers.get("retry-after"));
      if (later) setTimeout(fetched, 1000 * later, panel); // others are before us
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = answer.ok && page.querySelector("#backtest");
      if (!fresh) return; // the link stays, and leads to what went wrong
      const part = document.importNode(fresh, true);
      panel.replaceChildren(...part.childNodes);
      document.dispatchEvent(new CustomEvent("partchange", { detail: panel }));
      choose(panel);
    } catch {
      // the link stays
    }
  }

  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        fetched(target);
      }
    },
    { rootMargin: "300px" },
  );
  const looked = new WeakSet();
  function watch() {
    const panel = document.querySelector("#backtest");
    if (!panel || looked.has(panel)) return;
    looked.add(panel);
    if (panel.dataset.panel) near.observe(panel);
    else choose(panel); // the panel as a page of its own
  }
  watch();
  document.addEventListener("partchange", watch);

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "[") document.querySelector("#earlier")?.click();
    if (event.key === "]") document.querySelector("#later")?.click();
  });
})();
