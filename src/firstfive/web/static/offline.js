// Asks the browser to keep what was read, for when the server is away.
(() => {
  "use strict";
  const worker = document.currentScript.dataset.worker;
  navigator.serviceWorker?.register(worker, { scope: "/" }).catch(() => {});
})();
