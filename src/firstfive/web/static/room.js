// Clocks that tick, a line that says how fresh the page is, and details that stay as the reader left them.
// Everything here is an extra: without it the pages read and work the same.
(() => {
  "use strict";
  const STALE = 45;
  const byId = (id) => document.getElementById(id);
  const live = byId("live");
  const heard = byId("heard");
  const stale = byId("stale");
  let last = Date.now();
  let ever = false;
  let told = "";
  let ahead = 0;

  const span = (seconds) => {
    const all = Math.floor(Math.abs(seconds));
    const two = (n) => String(n).padStart(2, "0");
    const h = Math.floor(all / 3600);
    const m = Math.floor((all % 3600) / 60);
    return h ? `${h}:${two(m)}:${two(all % 60)}` : `${m}:${two(all % 60)}`;
  };

  const tick = () => {
    const now = (byId("room") ?? byId("now"))?.dataset.now;
    if (now && now !== told) {
      told = now;
      ahead = Date.now() - Date.parse(now);
    }
    const server = Date.now() - ahead;
    for (const el of document.querySelectorAll("[data-from]")) {
      el.textContent = span((server - Date.parse(el.dataset.from)) / 1000);
    }
    for (const el of document.querySelectorAll("[data-to]")) {
      const left = (Date.parse(el.dataset.to) - server) / 1000;
      el.textContent = (left < 0 ? "overdue " : "") + span(left);
      el.classList.toggle("late", left < 0);
    }
    if (!live || !heard) return;
    const quiet = Math.floor((Date.now() - last) / 1000);
    const old = quiet >= STALE;
    heard.hidden = false;
    heard.textContent = old ? `not live for ${span(quiet)}` : ever ? `heard ${quiet} s ago` : "connecting";
    heard.classList.toggle("late", old);
    heard.classList.toggle("fresh", ever && !old);
    const words = old ? "Nothing has been heard from the server: what you see may be old." : "";
    if (stale.textContent !== words) stale.textContent = words;
  };

  if (live) {
    for (const name of ["ping", "entry", "change", "htmx:sse:after:connection"]) {
      live.addEventListener(name, () => { last = Date.now(); ever = true; });
    }
  }
  if (live) {
    live.addEventListener("output", (event) => {
      last = Date.now();
      const said = JSON.parse(event.detail?.data ?? event.data);
      for (const box of document.querySelectorAll("pre[data-run]")) {
        if (box.dataset.run !== said.run) continue;
        box.textContent = said.text;
        box.scrollTop = box.scrollHeight;
      }
    });
  }
  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    if (!sourceElement?.matches?.("form")) return;
    const failed = response?.status >= 400;
    if (!failed) sourceElement.reset();
    if (failed || sourceElement.closest(".next")) setTimeout(() => scrollTo({ top: 0 }), 50);
  });
  window.htmx?.registerExtension("keep", {
    htmx_before_morph_attr: (element, { attrName }) => !(attrName === "open" && element.matches("details")),
  });
  tick();
  setInterval(tick, 1000);
})();
