// What the page shows goes on: it hears by id that something happened, and fetches itself, at most once a second.
// First of the deferred scripts: it keeps the parts as the server wrote them, to tell which of them have changed.
(() => {
  "use strict";
  const about = document.body.dataset.live;
  if (!about) return;
  const sign = document.querySelector("#live");
  const main = document.querySelector("#main");
  const AT_MOST_MS = 1000;
  const POLL_MS = 1000 * (document.body.dataset.every || 30); // what a step says is heard of in no other way

  // ---- the page's parts: the children of main, and the foot
  const partsOf = (page) => [...page.querySelector("#main").children, page.querySelector(".foot")];
  const nameOf = (part) => part.getAttribute("aria-labelledby") || part.id || part.tagName + part.className;
  // The words of a <time> are rewritten here for the reader's zone, and go on by themselves.
  const written = (part) => part.outerHTML.replace(/(<time\b[^>]*>)[^<]*/g, "$1");
  let known = partsOf(document).map(written);

  const isTouched = (part) =>
    (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) ||
    [...part.querySelectorAll("input:not([type=hidden]), textarea")].some((field) =>
      field.type === "checkbox" || field.type === "radio"
        ? field.checked !== field.defaultChecked
        : field.value !== field.defaultValue && field.type !== "search",
    );

  // Plotly listens for the size of the window until it is told that a plot is gone.
  function letGo(part) {
    for (const plot of part.querySelectorAll(".canvas.is-drawn")) Plotly.purge(plot);
  }

  function replace(old, fresh) {
    const openOnes = [...old.querySelectorAll("details")].map((each) => each.open);
    [...fresh.querySelectorAll("details")].forEach((each, index) => {
      each.open = openOnes[index] ?? each.open;
    });
    // A drawn plot stays where it is and is drawn on, so that nothing flickers or jumps.
    const plots = [...old.querySelectorAll(".canvas")];
    const places = [...fresh.querySelectorAll(".canvas")];
    if (plots.length === places.length) places.forEach((place, index) => place.replaceWith(plots[index]));
    const held = old.contains(document.activeElement) ? document.activeElement : null;
    const links = (part) => [...part.querySelectorAll("a, button, summary, [tabindex]")];
    const place = held ? links(old).indexOf(held) : -1;
    letGo(old);
    old.replaceWith(fresh);
    if (place >= 0) links(fresh)[place]?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("partchange", { detail: fresh }));
  }

  function show(page) {
    const [ours, theirs] = [partsOf(document), partsOf(page)];
    const now = theirs.map(written);
    const alike =
      ours.length === theirs.length && ours.every((part, index) => nameOf(part) === nameOf(theirs[index]));
    if (!alike) {
      if (ours.some(isTouched)) return false;
      const fresh = document.importNode(page.querySelector("#main"), true);
      letGo(main);
      main.replaceChildren(...fresh.childNodes);
      document.dispatchEvent(new CustomEvent("partchange", { detail: main }));
      known = now;
      return true;
    }
    let whole = true;
    ours.forEach((part, index) => {
      if (known[index] === now[index]) return;
      if (isTouched(part)) {
        whole = false;
        return;
      }
      replace(part, document.importNode(theirs[index], true));
      known[index] = now[index];
    });
    return whole;
  }

  // ---- fetching: one at a time, at most one a second, less often where the server takes long
  let stale = false;
  let kept = false; // what somebody is writing in is left as it was
  let busy = false;
  let updatedAt = performance.now();
  let nextAt = 0;
  let timer = 0;

  function touch() {
    stale = true;
    if (!busy && !timer) timer = setTimeout(refresh, Math.max(0, nextAt - performance.now()));
  }

  async function refresh() {
    timer = 0;
    if (document.hidden || busy) return;
    busy = true;
    stale = false;
    const began = performance.now();
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (page.body.dataset.live === undefined) stopListening(); // it has ended
      kept = !show(page); // it is shown when they have done, or with what happens next
      updatedAt = performance.now();
      missed = false;
    } catch {
      missed = true;
    }
    busy = false;
    nextAt = performance.now() + Math.max(AT_MOST_MS, 4 * (performance.now() - began));
    tell();
    if (stale) touch();
  }

  // ---- hearing
  let source = null;
  let missed = false;
  let again = 0;

  function concerns(notice) {
    const [kind, ...rest] = about.split(":");
    const wanted = rest.join(":");
    if (kind === "run") return notice.run_id === wanted;
    if (kind === "asset") return notice.asset === wanted || !notice.asset;
    return true;
  }

  function listen() {
    clearTimeout(again);
    if (source || document.hidden) return;
    source = new EventSource("/api/v1/events?named=false");
    source.onmessage = (message) => {
      if (concerns(JSON.parse(message.data))) touch();
    };
    source.onopen = tell;
    source.onerror = () => {
      if (source && source.readyState === EventSource.CLOSED) {
        hangUp(); // refused: the poll goes on, and it is tried again with it
        again = setTimeout(listen, POLL_MS);
      }
      tell();
    };
  }

  function hangUp() {
    source?.close();
    source = null;
  }

  function stopListening() {
    hangUp();
    clearTimeout(again);
    clearInterval(poll);
    clearInterval(ticking);
    document.removeEventListener("visibilitychange", seen);
    sign.hidden = true;
  }

  function seen() {
    if (document.hidden) {
      hangUp();
    } else {
      listen();
      touch();
    }
    tell();
  }

  // ---- saying so
  function tell() {
    if (document.hidden) return;
    const seconds = Math.round((performance.now() - updatedAt) / 1000);
    const length = seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
    const cut = missed || (source !== null && source.readyState !== EventSource.OPEN && seconds > 2);
    const state = cut ? "reconnecting" : source ? "live" : "polling";
    const words = { live: "updated", polling: "not live, updated", reconnecting: "reconnecting, updated" }[state];
    if (state !== sign.dataset.state && sign.dataset.state) document.querySelector("#spoken").textContent = state;
    sign.dataset.state = state;
    sign.lastElementChild.textContent = sign.title = `${words} ${length} ago`;
  }

  document.addEventListener("focusout", () => kept && touch());
  const poll = setInterval(touch, POLL_MS);
  const ticking = setInterval(tell, 1000);
  document.addEventListener("visibilitychange", seen);
  addEventListener("pagehide", hangUp);
  addEventListener("pageshow", (event) => event.persisted && seen());
  sign.hidden = false;
  listen();
  tell();
})();
