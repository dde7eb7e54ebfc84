/** Who answers: this browser, where a model lies beside the site, or the Space that the address or config.js names. */
import { MODEL } from "./config.js";
import { BrowserModel } from "./model/browser.js";
import { Space } from "./space.js";
import { SpaceError } from "./space-error.js";
import { answersHere, spaceAddress } from "./space-address.js";

/**
 * @param {string} query the page's query string; `?space=` asks another Space, `?answer=space` the site's own
 * @returns {{answerer: Space | BrowserModel, address: {reference: string, page: string, overridden: boolean} | null,
 *   other: {reference: string} | null}} who has `connect(onProgress)`, `predict(photo, signal, onStatus)`,
 *   `explain(photo, signal)` and `about()`; where it is, or null for this browser; and the Space that could answer instead
 * @throws {SpaceError} where nobody answers
 */
export function chooseAnswerer(query) {
  const address = spaceAddress(query);
  if (answersHere(query)) return { answerer: new BrowserModel(MODEL), address: null, other: address };
  if (!address) throw new SpaceError("site.no_space");
  return { answerer: new Space(address.reference), address, other: null };
}
