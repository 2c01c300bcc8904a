// Comforts: theme, copy, find. Reading works without this file.
(() => {
  "use strict";
  const root = document.documentElement;
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const say = (text) => {
    one("#spoken").textContent = text;
  };

  // ---- theme: system -> the other one -> back
  const dark = matchMedia("(prefers-color-scheme: dark)");
  function toggleTheme() {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    const next = now === "dark" ? "light" : "dark";
    const system = dark.matches ? "dark" : "light";
    if (next === system) delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      if (next === system) localStorage.removeItem("tidegate-theme");
      else localStorage.setItem("tidegate-theme", next);
    } catch {
      // not kept, still shown
    }
    say(`Theme: ${next}`);
    document.dispatchEvent(new CustomEvent("themechange"));
  }
  dark.addEventListener("change", () => document.dispatchEvent(new CustomEvent("themechange")));
  one("#theme-toggle").addEventListener("click", toggleTheme);

  document.addEventListener("themetoggle", toggleTheme);

  // ---- copy a command
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const label = button.firstElementChild;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      label.textContent = "Copied";
      say("Copied");
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      label.textContent = "Selected";
      say("The command is selected; copy it with your keys");
    }
    setTimeout(() => {
      label.textContent = "Copy";
    }, 1600);
  });

  // ---- find an asset
  function applyFilter() {
    const filter = one("#filter");
    if (!filter || !one(".no-match")) return;
    const wanted = filter.value.trim().toLowerCase();
    let shown = 0;
    for (const row of all("tr[data-key]")) {
      row.hidden = !row.dataset.key.includes(wanted);
      shown += !row.hidden;
    }
    one(".no-match").hidden = shown > 0;
    if (wanted) say(`${shown} assets`);
  }
  document.addEventListener("input", (event) => {
    if (event.target.id === "filter") applyFilter();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "filter") return;
    if (event.key === "Escape") {
      event.target.value = "";
      applyFilter();
      event.target.blur();
    }
    if (event.key === "Enter") one("tr[data-key]:not([hidden]) a")?.click();
  });
  document.addEventListener("click", (event) => {
    if (event.target.id !== "filter-clear") return;
    one("#filter").value = "";
    applyFilter();
    one("#filter").focus();
  });
  if (location.hash === "#filter") one("main input[type=search]")?.focus();

  // ---- the older rows of a long table
  let allRows = false; // once asked for, they stay
  function shorten() {
    for (const button of all("[data-more]")) {
      if (allRows) button.closest("p").remove();
      else button.closest(".sheet").classList.add("is-short");
    }
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-more]");
    if (!button) return;
    allRows = true;
    for (const sheet of all(".sheet.is-short")) sheet.classList.remove("is-short");
    shorten();
  });
  shorten();

  // ---- a part that was fetched again
  document.addEventListener("partchange", () => {
    applyFilter();
    shorten();
  });
})();
