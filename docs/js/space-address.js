/** Which Space this page asks, if any: the one in config.js, or the one in the page's own `?space=`. */
import { MODEL, SPACE } from "./config.js";
import { SpaceError } from "./space-error.js";

const SPACE_ID = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const SPACE_PAGE = /^https:\/\/huggingface\.co\/spaces\/([^/]+\/[^/?#]+)/;
const LOOPBACK = ["localhost", "127.0.0.1"];

/**
 * @param {string} query the page's query string
 * @returns {{reference: string, page: string, overridden: boolean} | null} what to connect to, a link to look at it;
 *   null where neither names a Space
 * @throws {SpaceError} where `?space=` is neither a Space id nor a usable address
 */
export function spaceAddress(query) {
  if (!namesSpace(query)) return SPACE && { ...parse(SPACE), overridden: false };
  return { ...parse(new URLSearchParams(query).get("space").trim()), overridden: true };
}

/** Whether the page's query string names a Space, which need not be one of whoever runs this site. */
export function namesSpace(query) {
  return new URLSearchParams(query).has("space");
}

/** Whether this browser answers: a model lies beside the site, and the page's query string wants no Space. */
export function answersHere(query) {
  const wantsOwn = SPACE && new URLSearchParams(query).get("answer") === "space";
  return Boolean(MODEL) && !namesSpace(query) && !wantsOwn;
}

function parse(text) {
  const id = text.match(SPACE_PAGE)?.[1] ?? text;
  if (SPACE_ID.test(id)) return { reference: id, page: `https://huggingface.co/spaces/${id}` };
  const reference = webAddress(text);
  return { reference, page: reference };
}

function webAddress(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !["http:", "https:"].includes(url.protocol) || url.username || url.password) {
    throw new SpaceError("site.bad_space", { text });
  }
  if (url.protocol === "http:" && !LOOPBACK.includes(url.hostname)) throw new SpaceError("site.unencrypted", { text });
  return url.origin + url.pathname.replace(/\/+$/, "");
}
