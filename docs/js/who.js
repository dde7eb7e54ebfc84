/** Says who answers, and links to who else could. */
import { MODEL } from "./config.js";
import { put } from "./words.js";

const line = document.getElementById("which");
const other = document.getElementById("other");

/**
 * @param {{address: {reference: string, page: string, overridden: boolean} | null, other: {reference: string} | null}}
 *   chosen as `chooseAnswerer` returns it
 */
export function sayWho({ address, other: space }) {
  put(document.getElementById("hint"), hintOf(address));
  put(document.getElementById("accuracy"), address ? "site.comparison_waiting" : "site.comparison_waiting_here");
  if (address) nameSpace(address);
  if (space) offer("space", "here.ask_space", { space: space.reference });
  else if (MODEL && address && !address.overridden) offer("here", "here.ask_here", {});
}

/** What becomes of a photo; of a Space that somebody else may run, nothing can be promised. */
function hintOf(address) {
  if (!address) return "site.hint_here";
  return address.overridden ? "site.hint_other" : "site.hint";
}

function nameSpace({ reference, page, overridden }) {
  const link = line.querySelector("a");
  link.href = page;
  link.textContent = reference;
  line.hidden = false;
  put(line.querySelector("span"), overridden ? "site.which_other" : "site.which");
  line.classList.toggle("overridden", overridden);
}

function offer(way, key, values) {
  const url = new URL(location.href);
  url.searchParams.set("answer", way);
  other.href = url.href;
  other.hidden = false;
  put(other, key, values);
}
