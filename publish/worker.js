// Keeps this site for reading without a network. Pages come from the network while there is one.
// An origin can hold several sites, so the cache's name begins with this site's address.
const site = self.registration.scope;
const version = site + "VERSION";
const files = ["FILES"];

self.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(version);
    await cache.addAll(files.map((name) => new Request(name, { cache: "no-cache" })));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith(site) && name !== version).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  const answer = async () => {
    const cache = await caches.open(version);
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept && request.mode !== "navigate") return kept;
    try {
      return await fetch(request);
    } catch (error) {
      if (kept) return kept;
      if (request.mode === "navigate") {
        const missing = await cache.match("404.html");
        if (missing) return missing;
      }
      throw error;
    }
  };
  event.respondWith(answer());
});
