/** Draws an answer: a headline about photos, how sure it is, a bar for each name, and what is known of the likeliest. */
import { barsOf, folded } from "./bars.js";
import { element, english, isWebPage, sentence } from "./dom.js";
import { rather } from "./evidence.js";
import { renderOutputs } from "./outputs.js";
import { sharing } from "./sharing.js";
import { measuredFor, verdict } from "./verdict.js";
import { takesOf } from "./takes.js";
import { why } from "./why.js";

/**
 * @param {HTMLElement} place emptied first
 * @param {{label: string, confidences: {label: string, confidence: number}[]} | {outputs: Object<string, object>}} answer
 * @param {object} about what the Space says of itself, as far as it is known
 * @param {() => Promise<{photo: ImageBitmap, evidence: object}>} explain gives the photo, and what the answer rests on
 * @returns {{key: string, values: object}} the headline
 */
export function renderAnswer(place, answer, about, explain) {
  return answer.outputs ? renderOutputs(place, answer.outputs, about, explain) : renderLabel(place, answer, about, explain);
}

function renderLabel(place, answer, about, explain) {
  const { kind, headline, detail } = verdict(answer, about);
  place.className = kind;
  const top = [sentence("h2", "", headline.key, headline.values), sentence("p", "detail", detail.key, detail.values)];
  const shares = kind === "far" ? farBars(answer) : barsOf(answer.confidences, kind === "unsure" ? about.threshold : undefined);
  const known = kind === "sure" ? [aboutClass(answer.confidences[0].label, about)] : [];
  const reasons = kind === "far" ? [] : [whyLikeliest(answer.confidences[0].label, explain)];
  place.replaceChildren(...top, ...shares, ...known, ...reasons, sharing(takesOf(answer, about)));
  return headline;
}

function whyLikeliest(name, explain) {
  const relative = (evidence) => rather(Object.values(evidence), Object.keys(evidence).map((one) => Number(one === name)));
  const explained = async () => {
    const { photo, evidence } = await explain();
    return { photo, relative: relative(evidence) };
  };
  return why(explained, { key: "answer.why_how", values: { name: { name } } });
}

function farBars({ confidences }) {
  return [folded("answer.far_bars", confidences)];
}

function aboutClass(name, about) {
  const { description, link } = about.classes?.find((one) => one.name === name) ?? {};
  const part = element("div", "about-class");
  if (description) part.append(english("p", "", description));
  if (isWebPage(link)) {
    const more = sentence("a", "more", "answer.more_about", { name: { name } });
    more.href = link;
    more.rel = "noreferrer";
    part.append(more);
  }
  const measured = measuredFor(name, about);
  if (measured) part.append(sentence("p", "quiet", measured.key, measured.values));
  return part;
}
