// For when the server is away: asks the worker to keep what is read, says that a press was not sent, and makes a saved copy live again.
(() => {
  "use strict";
  const worker = document.currentScript.dataset.worker;
  const keeper = navigator.serviceWorker;
  const copy = document.getElementById("offline");
  keeper?.register(worker, { scope: "/" }).catch(() => {});
  if (!copy) keeper?.ready.then(({ active }) => setTimeout(() => active.postMessage("keep"), 1500));

  document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
    const said = document.getElementById("said");
    if (!said || ctx?.response || !ctx?.sourceElement?.matches("form")) return;
    said.innerHTML = error?.name === "AbortError"
      ? '<div class="refused"><strong>No answer.</strong> It may have been taken: look before you press again.</div>'
      : '<div class="refused"><strong>Not sent:</strong> the server did not answer. Try again.</div>';
    scrollTo({ top: 0 });
  });

  if (!copy) return;
  for (const form of document.querySelectorAll("form[inert]")) for (const one of form.elements) one.disabled = true;
  const asking = setInterval(async () => {
    const answer = await fetch("/health", { cache: "no-store", signal: AbortSignal.timeout(3500) }).catch(() => {});
    if (!answer?.ok || copy.dataset.left) return;
    copy.dataset.left = 1;
    clearInterval(asking);
    location.reload();
  }, 4000);
})();
