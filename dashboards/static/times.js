// Instants in the reader's own zone; the exact UTC, and the project's own words, stay at hand on hover.
(() => {
  "use strict";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const readAt = Date.parse(document.body.dataset.at ?? "") || Date.now();
  const shownAt = performance.now();
  const now = () => readAt + performance.now() - shownAt;
  const two = (number) => String(number).padStart(2, "0");
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const full = new Intl.DateTimeFormat("en-GB", {
    weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit",
    timeZoneName: "short",
  });

  function moment(at) {
    const today = new Date(now());
    const time = hour(at);
    const day = `${at.getDate()} ${MONTHS[at.getMonth()]}`;
    const words =
      at.toDateString() === today.toDateString() ? time
      : at.getFullYear() === today.getFullYear() ? `${day} ${time}`
      : `${day} ${at.getFullYear()} ${time}`;
    return words.replaceAll(" ", "\u00a0");
  }

  // As observer.quantities.age says it.
  function ago(at) {
    const seconds = Math.max(0, (now() - at) / 1000);
    const [size, unit] =
      seconds < 90 ? [1, "s"] : seconds < 18000 ? [60, "min"] : seconds < 345600 ? [3600, "h"] : [86400, "days"];
    return `${Math.round(seconds / size)}\u00a0${unit}\u00a0ago`;
  }

  const hour = (at) => `${two(at.getHours())}:${two(at.getMinutes())}`;
  const day = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${hour(at)}`;

  const WORDS = { moment, ago, day, hour, full: (at) => full.format(at) };

  function write(root) {
    for (const time of root.querySelectorAll("time[data-as]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.textContent = WORDS[time.dataset.as](at);
      time.title = `${full.format(at)} · ${time.dateTime}`;
    }
    const said = document.querySelector("#zone");
    if (said) said.textContent = zone;
  }

  write(document);
  document.addEventListener("partchange", (event) => write(event.detail));
  setInterval(() => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll('time[data-as="ago"]')) time.textContent = ago(new Date(time.dateTime));
  }, 1000);
})();
