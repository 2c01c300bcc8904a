// Draws each figure of the page in the reader's theme: its tokens, var(--held), become the theme's colours.
(() => {
  "use strict";
  const style = getComputedStyle(document.documentElement);
  const TOKEN = /^var\((--[a-z0-9-]+)\)$/;
  const FONT = style.getPropertyValue("--sans") || "system-ui, sans-serif";

  function themed(part) {
    if (typeof part === "string") {
      const match = TOKEN.exec(part);
      return match ? style.getPropertyValue(match[1]).trim() : part;
    }
    if (Array.isArray(part)) return part.map(themed);
    if (part && typeof part === "object") {
      return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, themed(value)]));
    }
    return part;
  }

  function merged(base, more) {
    const result = { ...base };
    for (const [key, value] of Object.entries(more)) {
      const both = value && base[key] && typeof value === "object" && !Array.isArray(value);
      result[key] = both && typeof base[key] === "object" ? merged(base[key], value) : value;
    }
    return result;
  }

  // A long column of instants travels as its first one and pairs of a step and how often it comes (packed.py).
  function unpacked(value) {
    if (!value.$t) return value;
    const [first, ...pairs] = value.$t;
    const local = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ").replace(" 00:00:00", "");
    const found = [local(first)];
    let at = first;
    for (let index = 0; index < pairs.length; index += 2) {
      for (let times = pairs[index + 1]; times > 0; times -= 1) {
        if (pairs[index] !== null) at += pairs[index];
        found.push(pairs[index] === null ? null : local(at));
      }
    }
    return found;
  }

  // What every figure shares, so that it is not sent with each.
  function template(kind, width) {
    const axis = {
      fixedrange: true,
      zeroline: false,
      showline: false,
      tickfont: { size: 11.5, color: "var(--muted)" },
      title: { font: { size: 11.5, color: "var(--muted)" }, standoff: 10 },
    };
    const layout = {
      autosize: true,
      showlegend: false,
      dragmode: false,
      hovermode: "closest",
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: FONT, size: 12, color: "var(--ink)" },
      margin: { l: 8, r: 14, t: 22, b: 30 },
      hoverlabel: {
        bgcolor: "var(--surface)",
        bordercolor: "var(--line-strong)",
        font: { family: FONT, size: 12, color: "var(--ink)" },
        align: "left",
      },
      xaxis: { ...axis, showgrid: false, ticks: "outside", ticklen: 4, tickcolor: "var(--line-strong)" },
      yaxis: { ...axis, gridcolor: "var(--grid)", automargin: true },
    };
    if (kind === "history" || kind === "heatmap" || kind === "decomposed") {
      layout.xaxis.tickformat = "%-d %b";
      layout.xaxis.hoverformat = "%a %-d %b %Y";
      layout.xaxis.nticks = Math.max(3, Math.floor(width / 90));
      layout.xaxis.showline = kind === "history";
      layout.xaxis.linecolor = "var(--line-strong)";
    }
    if (kind === "history") layout.hovermode = "x";
    if (kind === "heatmap" || kind === "gantt") {
      layout.yaxis.showgrid = false;
      layout.yaxis.ticks = "";
      layout.yaxis.ticksuffix = "  ";
      layout.yaxis.tickfont = { size: width < 480 ? 10 : 12, color: "var(--ink)" };
    }
    if (kind === "runs") {
      layout.margin.b = 48;
      layout.xaxis.nticks = Math.max(3, Math.floor(width / 110));
      layout.xaxis.tickformatstops = [
        { dtickrange: [null, 59999], value: "%H:%M:%S\n%-d %b" },
        { dtickrange: [60000, 86399999], value: "%H:%M\n%-d %b" },
        { dtickrange: [86400000, "M1"], value: "%-d %b\n%Y" },
        { dtickrange: ["M1", null], value: "%b\n%Y" },
      ];
      layout.xaxis.showline = true;
      layout.xaxis.linecolor = "var(--line-strong)";
      layout.yaxis.ticksuffix = "  ";
    }
    if (kind === "gantt") {
      layout.xaxis.showgrid = true;
      layout.xaxis.gridcolor = "var(--grid)";
      layout.xaxis.ticks = "";
      layout.xaxis.tickangle = 0;
      layout.margin = { l: 8, r: 22, t: 10, b: 44 };
    }
    return layout;
  }

  // An instant of UTC in the reader's zone: Plotly draws the digits that it is given.
  function local(text) {
    const at = new Date(text);
    return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
  }

  function draw(canvas) {
    const figure = JSON.parse(canvas.nextElementSibling.textContent);
    for (const trace of figure.data) if (trace.x) trace.x = unpacked(trace.x);
    const narrow = canvas.clientWidth < 560;
    const kinds = ["history", "heatmap", "gantt", "compared", "decomposed", "runs"];
    const kind = kinds.find((name) => canvas.classList.contains(name));
    const width = canvas.clientWidth;
    const shared = template(kind, width);
    for (const name of Object.keys(figure.layout)) if (/^yaxis\d+$/.test(name)) shared[name] = shared.yaxis;
    const layout = themed(merged(shared, figure.layout));
    layout.height = canvas.clientHeight || figure.layout.height;
    if (canvas.closest("#history") && matchMedia("(pointer: fine)").matches) {
      layout.dragmode = "select";
      layout.selectdirection = "h";
    }
    if (kind === "gantt" && narrow) {
      const { tickvals, ticktext } = layout.xaxis;
      layout.xaxis.tickvals = tickvals.filter((_, index) => index % 2 === 0);
      layout.xaxis.ticktext = ticktext.filter((_, index) => index % 2 === 0);
      for (const trace of figure.data) {
        if (trace.text) trace.text = trace.text.map((text) => (text.length > 26 ? "blocked  " : text));
      }
    }
    if (kind === "runs") for (const trace of figure.data) trace.x = trace.x.map(local);
    const config = { displayModeBar: false, responsive: true, doubleClick: false, showTips: false };
    return Plotly.react(canvas, themed(figure.data), layout, config).then(() => {
      if (kind === "runs" && !canvas.classList.contains("is-drawn")) {
        canvas.on("plotly_click", (event) => {
          location.href = `/runs/${encodeURIComponent(event.points[0].customdata[1])}`;
        });
      }
      canvas.classList.add("is-drawn");
      canvas.dispatchEvent(new Event("drawn", { bubbles: true }));
    });
  }

  const canvases = () => [...document.querySelectorAll(".plot .canvas")];
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        seen.unobserve(entry.target);
        draw(entry.target);
      }
    },
    { rootMargin: "600px" },
  );
  function watch(root) {
    for (const canvas of root.querySelectorAll(".plot .canvas")) {
      if (canvas.dataset.height) canvas.style.height = `${canvas.dataset.height}px`;
      if (canvas.classList.contains("is-drawn")) draw(canvas); // in a part that was fetched again
      else seen.observe(canvas);
    }
  }
  watch(document);
  document.addEventListener("partchange", (event) => watch(event.detail));
  document.addEventListener("themechange", () => {
    for (const canvas of canvases()) if (canvas.classList.contains("is-drawn")) draw(canvas);
  });
  addEventListener("beforeprint", () => canvases().forEach(draw)); // those that nobody has scrolled to, too
  matchMedia("print").addEventListener("change", () => canvases().forEach(draw)); // paper is light
})();
