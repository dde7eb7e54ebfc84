/** Draws an answer: a headline about photos, how sure it is, a bar for each name, and what is known of the likeliest. */
import { element, english, isWebPage, sentence } from "./dom.js";
import { sharing } from "./sharing.js";
import { measuredFor, verdict } from "./verdict.js";
import { why } from "./why.js";
import { percent } from "./words.js";

const SHOWN_FIRST = 5;

/**
 * @param {HTMLElement} place emptied first
 * @param {{label: string, confidences: {label: string, confidence: number}[]}} answer
 * @param {object} about what the Space says of itself, as far as it is known
 * @param {() => Promise<object>} explain gives the photo, and what the answer rests on
 */
export function renderAnswer(place, answer, about, explain) {
  const { kind, headline, detail } = verdict(answer, about);
  place.className = kind;
  const top = [sentence("h2", "", headline.key, headline.values), sentence("p", "detail", detail.key, detail.values)];
  const shares = kind === "far" ? farBars(answer) : nearBars(answer, kind === "unsure" ? about.threshold : undefined);
  const known = kind === "sure" ? [aboutClass(answer.confidences[0].label, about)] : [];
  const reasons = kind === "far" ? [] : [why(answer.confidences[0].label, explain)];
  place.replaceChildren(...top, ...shares, ...known, ...reasons, sharing(answer, about));
}

function farBars({ confidences }) {
  return [folded("answer.far_bars", confidences.length, bars(confidences, 1))];
}

function nearBars({ confidences }, threshold) {
  const first = bars(confidences.slice(0, SHOWN_FIRST), 1);
  if (threshold !== undefined) first.querySelector(".track").append(mark(threshold));
  const rest = confidences.slice(SHOWN_FIRST);
  return rest.length ? [first, folded("answer.more_bars", rest.length, bars(rest, SHOWN_FIRST + 1))] : [first];
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

function folded(key, number, list) {
  const details = document.createElement("details");
  details.append(sentence("summary", "", key, { number }), list);
  return details;
}

function bars(confidences, start) {
  const list = element("ol", "bars");
  list.start = start;
  list.append(...confidences.map(bar));
  return list;
}

function bar({ label, confidence }) {
  const item = document.createElement("li");
  const track = element("span", "track");
  track.ariaHidden = "true";
  track.append(element("span", "fill"));
  track.style.setProperty("--share", confidence);
  const { key, values } = percent(confidence);
  item.append(english("span", "name", label), " ", sentence("span", "share", key, values), track);
  return item;
}

function mark(threshold) {
  const made = element("span", "threshold");
  made.style.setProperty("--share", threshold);
  return made;
}
