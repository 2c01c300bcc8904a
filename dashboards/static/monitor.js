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

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "[") document.querySelector("#earlier")?.click();
    if (event.key === "]") document.querySelector("#later")?.click();
  });
})();
