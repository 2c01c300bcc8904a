// The keyboard map, which the dialog of "?" lists. Tab, Enter and the arrows stay the browser's own.
(() => {
  "use strict";
  const one = (selector) => document.querySelector(selector);
  const help = one("#help");
  one("#help-open").addEventListener("click", () => help.showModal());

  const PLACES = { n: "/", a: "/assets", g: "/graph", i: "/incidents", r: "/runs" };

  // ---- rows: whatever has a link and stands in a table or a list of incidents
  const linkOf = (row) =>
    row.querySelector("a.incident-what") ?? row.querySelector("th a[href]") ?? row.querySelector("a[href]");
  const rows = () =>
    [...document.querySelectorAll("main tbody tr, main .incident")].filter(
      (row) => row.offsetParent !== null && linkOf(row),
    );
  const current = () => document.activeElement.closest("main tbody tr, main .incident");

  function step(by) {
    const all = rows();
    const here = all.indexOf(current());
    const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + by))];
    if (!next) return;
    linkOf(next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  // ---- incidents: on the page of one its forms, elsewhere the one whose row is chosen
  const DEEDS = { a: "acknowledge", s: "snooze", r: "resolve" };

  function act(key) {
    const row = current()?.closest(".incident");
    const link = (row ?? one("main")).querySelector('a[href^="/feedback"]');
    if (key === "e") {
      if (row || one(".deeds")) link?.click();
      return;
    }
    const form = one(`form.is-${DEEDS[key]}`);
    if (form && key === "a") form.requestSubmit();
    else if (form) focusOn(form);
    else if (row) location.href = `${linkOf(row).getAttribute("href")}#${DEEDS[key]}`;
  }

  function focusOn(form) {
    form.scrollIntoView({ block: "center" });
    form.querySelector("select, input:not([type=hidden]), button").focus();
  }

  const wanted = Object.values(DEEDS).find((deed) => location.hash === `#${deed}`);
  const form = wanted && one(`form.is-${wanted}`);
  if (form) focusOn(form);

  // ---- keys
  let before = "";
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const { key } = event;
    const goes = before === "g" ? PLACES[key] : undefined;
    before = key === "g" && before !== "g" ? "g" : "";
    if (goes) {
      location.href = goes;
    } else if (key === "/") {
      event.preventDefault();
      const field = one("main input[type=search], main [role=search] input:not([type=hidden])");
      if (field) field.focus();
      else location.href = "/#filter";
    } else if (key === "j" || key === "k") {
      step(key === "j" ? 1 : -1);
    } else if (key === "?") {
      help.showModal();
    } else if (key === "t") {
      document.dispatchEvent(new CustomEvent("themetoggle"));
    } else if (key === "e" || key in DEEDS) {
      act(key);
    }
  });
})();
