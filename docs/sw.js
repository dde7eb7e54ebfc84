/** Keeps this site's own files for when there is no network. What the network has comes first, so nothing grows old. */
const CACHE = "site";

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  const own = method === "GET" && origin === location.origin;
  if (own && !pathname.endsWith(".onnx")) event.respondWith(answer(event.request)); // the model has a cache of its own
});

async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  try {
    const response = await fetch(request);
    if (response.ok && !(kept && isSame(kept, response))) await keep(cache, request, response);
    return response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/** Keeps a copy, unless the disk is full; fails only where the response does not come whole. */
async function keep(cache, request, response) {
  await cache.put(withoutQuery(request), response.clone()).catch(() => response.clone().blob());
}

function isSame(kept, response) {
  return ["ETag", "Last-Modified", "Content-Length"].every(
    (name) => kept.headers.get(name) === response.headers.get(name),
  );
}

function withoutQuery({ url }) {
  return url.split("?")[0];
}
