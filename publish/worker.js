// Keeps this site for reading without a network. While there is one, pages come from it, and so does
// what keeps its name when it changes: a new page never meets an old script. What bears its content
// in its name comes from what is kept.
// An origin can hold several sites, one below another, so the cache's name begins with this site's address and a #.
const site = self.registration.scope;
const version = site + "VERSION";
const files = ["FILES"];
const named = /\.[0-9a-f]{8}\.\w+$/;

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
    await Promise.all(names.filter((name) => name.startsWith(site + "#") && name !== version).map((name) => caches.delete(name)));
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
    if (kept && named.test(new URL(request.url).pathname)) return kept;
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
