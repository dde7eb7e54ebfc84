/**
 * A file by its sha256: from Cache Storage where it lies since an earlier visit, else from beside this page. Over plain
 * http a browser has neither that nor sha256: then the file is fetched at each visit, and taken as it comes.
 */
import { STALLED_MS, within } from "../patience.js";

const CACHE = "models";

/**
 * @param {string} address of the file
 * @param {string} sha256 of its bytes, 64 hexadecimal digits
 * @param {(received: number, total: number) => void} onProgress in bytes; total is 0 where it is not told
 * @returns {Promise<ArrayBuffer>}
 * @throws {Error} download_failed or download_broken, as message
 */
export async function fetchKept(address, sha256, onProgress) {
  const key = `${new URL(address, location.href).pathname}?sha256=${sha256}`;
  const cache = await self.caches?.open(CACHE).catch(() => null); // a private window may have none
  const kept = await cache?.match(key);
  if (kept) return kept.arrayBuffer();
  const bytes = await download(address, onProgress);
  if (isSecureContext && (await sha256Of(bytes)) !== sha256) throw new Error("download_broken");
  if (cache) await keepAlone(cache, key, bytes);
  return bytes;
}

/** Keeps the file, and lets earlier ones of its place go. */
async function keepAlone(cache, key, bytes) {
  const place = new URL(key, location.href).pathname;
  for (const old of await cache.keys()) if (new URL(old.url).pathname === place) await cache.delete(old);
  await cache.put(key, new Response(bytes)).catch(() => {}); // a full disk: it is downloaded again next time
}

async function download(address, onProgress) {
  const response = await inTime(fetch(address));
  if (!response.ok) throw new Error("download_failed");
  const total = Number(response.headers.get("Content-Length")) || 0;
  const parts = [];
  let received = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await inTime(reader.read(), () => reader.cancel());
    if (done) return new Blob(parts).arrayBuffer();
    parts.push(value);
    received += value.length;
    onProgress(received, total);
  }
}

/** What fails and what stalls is told alike, after `giveUp`. */
function inTime(promise, giveUp = () => {}) {
  const failed = new Error("download_failed");
  return within(promise, STALLED_MS, failed).catch(() => {
    giveUp();
    throw failed;
  });
}

async function sha256Of(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
