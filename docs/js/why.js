/** What an answer rests on: asked for and drawn when the visitor wants to see it. */
import { element, sentence } from "./dom.js";
import { drawEvidence } from "./evidence.js";
import { put, putLabel } from "./words.js";

/**
 * @param {string} name of the likeliest class
 * @param {() => Promise<{photo: ImageBitmap, evidence: Object<string, number[][]>}>} explain
 * @returns {HTMLDetailsElement}
 */
export function why(name, explain) {
  const details = element("details", "why");
  const place = element("div", "");
  details.append(sentence("summary", "", "answer.why", {}), place);
  details.addEventListener("toggle", () => show(place, name, explain), { once: true });
  return details;
}

async function show(place, name, explain) {
  place.append(sentence("p", "quiet", "here.comparing", {}));
  try {
    const { photo, evidence } = await explain();
    const canvas = drawEvidence(photo, evidence, name);
    canvas.role = "img";
    putLabel(canvas, "answer.why_alt");
    place.replaceChildren(canvas, sentence("p", "", "answer.why_how", { name: { name } }));
  } catch (error) {
    put(place.querySelector("p"), "answer.why_none");
    throw error;
  }
}
