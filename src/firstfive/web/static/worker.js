// Keeps the last room, the list of what is open and the runbooks readable while the server is away. It never answers for a server that
// answers, keeps no form, and forgets everything when somebody signs out or is no longer let in.
"use strict";
const PAGES = "firstfive-pages-1";
const FILES = "firstfive-files-1";
const KEPT = /^\/$|^\/incidents\/[\w-]+$|^\/handbook(\/[\w-]+)?$/;
const MOST = 60;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const forget = () => caches.delete(PAGES);

const keep = async (name, key, response) => {
  const cache = await caches.open(name);
  await cache.put(key, response);
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST)).map((one) => cache.delete(one)));
};

const page = async (request, url) => {
  let response;
  try {
    response = await fetch(request);
  } catch (gone) {
    const held = request.mode === "navigate" && (await (await caches.open(PAGES)).match(url.pathname));
    if (!held) throw gone;
    const from = (held.headers.get("date") ?? "").slice(17, 25) || "an unknown time";
    const words = `The server is not reached. What you see is from ${from} UTC, and nothing can be said or approved from here.`;
    const body = (await held.text()).replace("<main", `<p class="warn" role="alert" id="offline">${words}</p>\n<main`);
    return new Response(body, { status: 200, headers: held.headers });
  }
  const html = (response.headers.get("content-type") ?? "").startsWith("text/html");
  if (response.status === 401 || response.status === 403 || (response.redirected && /\/sign-?in/.test(response.url))) await forget();
  else if (response.ok && !response.redirected && html) await keep(PAGES, url.pathname, response.clone());
  return response;
};

const file = async (request) => {
  const held = await (await caches.open(FILES)).match(request);
  if (held) return held;
  const response = await fetch(request);
  if (response.ok) await keep(FILES, request, response.clone());
  return response;
};

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
