// Asks the browser to keep what was read, and the runbooks whether they were read or not, for when the server is away.
(() => {
  "use strict";
  const worker = document.currentScript.dataset.worker;
  const keeper = navigator.serviceWorker;
  keeper?.register(worker, { scope: "/" }).catch(() => {});
  keeper?.ready.then(() => setTimeout(() => {
    if (!keeper.controller || sessionStorage.kept) return;
    sessionStorage.kept = 1;
    fetch("/handbook", { priority: "low" }).catch(() => {});
  }, 1500));
})();
