/** Bars: a name, its share in words, and how long it is. */
import { element, english, sentence } from "./dom.js";
import { percent } from "./words.js";

const SHOWN_FIRST = 5;

/**
 * @param {{label: string, confidence: number}[]} confidences likeliest first
 * @param {number} [threshold] marked on the first bar
 * @returns {HTMLElement[]} a list of the first ones, and the others folded away
 */
export function barsOf(confidences, threshold) {
  const first = bars(confidences.slice(0, SHOWN_FIRST), 1);
  if (threshold !== undefined) first.querySelector(".track").append(mark(threshold));
  const rest = confidences.slice(SHOWN_FIRST);
  return rest.length ? [first, folded("answer.more_bars", rest, SHOWN_FIRST + 1)] : [first];
}

/** Bars that a visitor may unfold, under a sentence that says how many they are. */
export function folded(key, confidences, start = 1) {
  const details = document.createElement("details");
  details.append(sentence("summary", "", key, { number: confidences.length }), bars(confidences, start));
  return details;
}

/**
 * A number's interval within the range that it may have, and the number in it.
 *
 * @param {{value: number, low: number, high: number}} reading
 * @param {[number, number]} range least and largest
 * @param {string} unit
 */
export function rangeBar({ value, low, high }, [least, most], unit) {
  const place = (number) => Math.min(Math.max((number - least) / (most - least), 0), 1);
  const item = document.createElement("li");
  const track = element("span", "track");
  track.ariaHidden = "true";
  const fill = element("span", "fill");
  fill.style.setProperty("--start", place(low));
  fill.style.setProperty("--share", place(high) - place(low));
  track.append(fill, mark(place(value)));
  item.append(english("span", "name", `${least}`), " ", english("span", "share", `${most} ${unit}`.trim()), track);
  const list = element("ol", "bars range");
  list.append(item);
  return list;
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
