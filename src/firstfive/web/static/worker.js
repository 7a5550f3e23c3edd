// Keeps the last room, the list of what is open and the runbooks readable while the server is away. It never answers for a server that
// answers, keeps no form, and forgets everything when somebody signs out or is no longer let in.
"use strict";
const PAGES = "firstfive-pages-2";
const FILES = "firstfive-files-1";
const KEPT = /^\/$|^\/incidents\/[\w-]+$|^\/handbook(\/[\w-]+)?$/;
const MOST = 200;
const AGAIN = 600_000; // ms until everything is read once more

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(Promise.all([self.clients.claim(), caches.delete("firstfive-pages-1")])));

const forget = () => caches.delete(PAGES);

const keep = async (name, key, response) => {
  const cache = await caches.open(name);
  await cache.put(key, response);
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST)).map((one) => cache.delete(one)));
};

// A page with the moment it came at: by it the clocks of a copy go on from what the server's clock said, not from when it is opened.
const dated = async (response) => {
  const headers = new Headers(response.headers);
  headers.set("kept-at", Date.now());
  return new Response(await response.blob(), { headers });
};

const copy = async (held) => {
  const from = (held.headers.get("date") ?? "").slice(17, 25) || "an unknown time";
  const words = `The server is not reached. What you see is from ${from} UTC, and nothing can be said or approved from here.`;
  const since = Date.now() - held.headers.get("kept-at");
  const body = (await held.text())
    .replace(/data-now="([^"]+)"/g, (_, at) => `data-now="${new Date(Date.parse(at) + since).toISOString()}"`)
    .replaceAll("<form", "<form inert")
    .replace("<main", `<p class="stale" role="alert" id="offline">${words}</p>\n<main`);
  return new Response(body, { headers: held.headers });
};

const page = async (request, url) => {
  let response;
  try {
    response = await fetch(request);
  } catch (gone) {
    const held = request.mode === "navigate" && (await caches.match(url.pathname, { cacheName: PAGES }));
    if (!held) throw gone;
    return copy(held);
  }
  const html = (response.headers.get("content-type") ?? "").startsWith("text/html");
  if (response.status === 401 || response.status === 403 || (response.redirected && /\/sign-?in/.test(response.url))) await forget();
  else if (response.ok && !response.redirected && html) await keep(PAGES, url.pathname, await dated(response.clone()));
  return response;
};

const file = async (request) => {
  const held = await (await caches.open(FILES)).match(request);
  if (held) return held;
  const response = await fetch(request);
  if (response.ok) await keep(FILES, request, response.clone());
  return response;
};

// Reads the page somebody looks at, what is open and every runbook, one after the other: what came before the worker was there, too.
const gather = async (path) => {
  if (!KEPT.test(path)) return;
  const had = await caches.match("/handbook", { cacheName: PAGES });
  const fresh = had && Date.now() - had.headers.get("kept-at") < AGAIN;
  const wanted = new Set(fresh ? [] : ["/", "/handbook"]);
  if (!(await caches.match(path, { cacheName: PAGES }))) wanted.add(path);
  for (const one of wanted) {
    const url = new URL(one, self.location.origin);
    const response = await page(new Request(url), url);
    if (!response.ok) continue;
    const text = await response.text();
    for (const [, address] of text.matchAll(/"(\/static\/[^"?]+\?v=[^"]+)"/g)) await file(new Request(address));
    if (one === "/handbook") for (const [, runbook] of text.matchAll(/"(\/handbook\/[\w-]+)"/g)) wanted.add(runbook);
  }
};

self.addEventListener("message", (event) => {
  event.waitUntil(gather(new URL(event.source.url).pathname).catch(() => {}));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method !== "GET") {
    if (url.pathname === "/sign-out") event.waitUntil(forget());
    return;
  }
  if (url.pathname.startsWith("/static/") && url.searchParams.has("v")) event.respondWith(file(request));
  else if (KEPT.test(url.pathname) && !url.search) event.respondWith(page(request, url));
});
