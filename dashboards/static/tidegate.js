// Comforts: theme, copy, find, keys. Reading works without this file.
(() => {
  "use strict";
  const root = document.documentElement;
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const say = (text) => {
    one("#said").textContent = text;
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

  // ---- copy a command
  for (const button of all("[data-copy]")) {
    button.addEventListener("click", async () => {
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
  }

  // ---- find an asset
  const filter = one("#filter");
  function applyFilter() {
    const wanted = filter.value.trim().toLowerCase();
    let shown = 0;
    for (const row of all("tr[data-key]")) {
      row.hidden = !row.dataset.key.includes(wanted);
      shown += !row.hidden;
    }
    one(".no-match").hidden = shown > 0;
    if (wanted) say(`${shown} assets`);
  }
  if (filter) {
    filter.addEventListener("input", applyFilter);
    filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        filter.value = "";
        applyFilter();
        filter.blur();
      }
      if (event.key === "Enter") one("tr[data-key]:not([hidden]) a")?.click();
    });
    one("#filter-clear").addEventListener("click", () => {
      filter.value = "";
      applyFilter();
      filter.focus();
    });
    if (location.hash === "#filter") filter.focus();
  }

  // ---- the older rows of a long table
  for (const button of all("[data-more]")) {
    button.closest(".sheet").classList.add("is-short");
    button.addEventListener("click", () => {
      button.closest(".sheet").classList.remove("is-short");
      button.closest("p").remove();
    });
  }

  // ---- keys
  const help = one("#help");
  one("#help-open").addEventListener("click", () => help.showModal());
  let before = "";
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const keys = before + event.key;
    before = event.key === "g" ? "g" : "";
    if (event.key === "/") {
      event.preventDefault();
      if (filter) filter.focus();
      else location.href = "/#filter";
    } else if (event.key === "?") {
      help.showModal();
    } else if (event.key === "t") {
      toggleTheme();
    } else if (keys === "gn") {
      location.href = "/";
    } else if (keys === "gi") {
      location.href = "/incidents";
    }
  });
})();
