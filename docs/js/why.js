/** What an answer rests on: asked for and drawn when the visitor wants to see it. */
import { element, sentence } from "./dom.js";
import { drawEvidence } from "./evidence.js";
import { put, putLabel } from "./words.js";

/**
 * @param {() => Promise<{photo: ImageBitmap, relative: number[][]}>} explain see `drawEvidence`
 * @param {{key: string, values: object}} how to read the picture
 * @returns {HTMLDetailsElement}
 */
export function why(explain, how) {
  const details = element("details", "why");
  const place = element("div", "");
  details.append(sentence("summary", "", "answer.why", {}), place);
  const isWanted = () => details.open && !place.querySelector("canvas"); // a failed try is made again
  details.addEventListener("toggle", () => isWanted() && show(place, explain, how));
  return details;
}

async function show(place, explain, how) {
  place.replaceChildren(sentence("p", "quiet", "here.comparing", {}));
  try {
    const { photo, relative } = await explain();
    const canvas = drawEvidence(photo, relative);
    canvas.role = "img";
    putLabel(canvas, "answer.why_alt");
    place.replaceChildren(canvas, sentence("p", "", how.key, how.values));
  } catch (error) {
    put(place.querySelector("p"), "answer.why_none");
    throw error;
  }
}
