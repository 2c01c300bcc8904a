// The page of a monitor: a click leads to the run, dragging looks closer, [ and ] step through the anomalies.
(() => {
  "use strict";
  const figure = document.querySelector("#history");
  const canvas = figure?.querySelector(".canvas");

  // What a clock in the project's zone showed, as an instant; an hour off at most where clocks change.
  function instant(local) {
    const guess = Date.parse(`${String(local).replace(" ", "T").slice(0, 19)}${String(local).length > 10 ? "" : "T00:00:00"}Z`);
    const shown = new Intl.DateTimeFormat("sv-SE", {
      timeZone: figure.dataset.zone,
      dateStyle: "short",
      timeStyle: "medium",
    }).format(guess);
    const ahead = Date.parse(`${shown.replace(" ", "T")}Z`) - guess;
    return new Date(guess - ahead).toISOString().replace(".000Z", "Z");
  }

  function go(fields) {
    const url = new URL(figure.dataset.page, location.href);
    for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
    location.assign(url);
  }

  function listen() {
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
  }

  if (canvas) canvas.addEventListener("drawn", listen, { once: true });

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

  const panel = document.querySelector("#backtest");
  if (panel?.dataset.panel) {
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        near.disconnect();
        fetched(panel);
      },
      { rootMargin: "300px" },
    );
    near.observe(panel);
  } else if (panel) {
    choose(panel);
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "[") document.querySelector("#earlier")?.click();
    if (event.key === "]") document.querySelector("#later")?.click();
  });
})();
