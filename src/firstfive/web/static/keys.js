// Single keys that lead somewhere. None acts, none counts while somebody writes, and one box switches them all off for this browser.
(() => {
  "use strict";
  const [box, on, open, shut] = ["keys", "keys-on", "keys-open", "keys-close"].map((id) => document.getElementById(id));
  const kept = "firstfive-keys";
  const remembered = () => { try { return localStorage.getItem(kept); } catch { return null; } };
  if (!box?.showModal) return;
  const places = { 1: "next-h", 2: "steps-h", 3: "line-h", n: "note-text" };
  const pages = { g: "/", h: "/handbook", "/": "/history#q" };
  const lead = (spot) => {
    spot.scrollIntoView();
    if (!spot.matches("input")) spot.tabIndex = -1;
    spot.focus({ preventScroll: true });
  };
  on.checked = remembered() !== "off";
  on.addEventListener("change", () => { try { localStorage.setItem(kept, on.checked ? "on" : "off"); } catch {} });
  open.hidden = false;
  open.addEventListener("click", () => box.showModal());
  shut.addEventListener("click", () => box.close());
  document.addEventListener("keydown", (event) => {
    if (!on.checked || box.open || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const spot = document.getElementById(places[event.key] ?? "");
    if (event.key === "?") box.showModal();
    else if (spot) lead(spot);
    else if (pages[event.key]) location.assign(pages[event.key]);
    else return;
    event.preventDefault();
  });
  if (location.hash === "#q") document.getElementById("q")?.focus();
})();
