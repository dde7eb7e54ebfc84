/** What an answer says: which of the sentences in words/ holds. */
import { tenths } from "./numbers.js";

const NOT_SURE = "Not sure";
const SOURCES = ["found", "sorted", "listed", "drawn"];

/**
 * An earlier Space does not tell which of its unsure answers are far from all classes: where one class is likely enough
 * next to the others, no other reason is left.
 *
 * @param {{label: string, far?: boolean, confidences: {label: string, confidence: number}[]}} answer
 *   Gradio's Label form, and whether the photo is far from all classes where that is known
 * @param {{source?: string, threshold?: number}} about what the Space says of itself, as far as it is known
 * @returns {{kind: "sure" | "unsure" | "far", headline: {key: string, values: object},
 *   detail: {key: string, values: object}}}
 */
export function verdict({ label, far: known, confidences }, { source, threshold }) {
  const [{ label: name, confidence: share }] = confidences;
  const knows = typeof threshold === "number";
  const isUnsure = label === NOT_SURE;
  if (known ?? (isUnsure && knows && share >= threshold)) return far(confidences.length);
  const values = { name: { name } };
  const likely = { key: "answer.share", values: { share: { share } } };
  if (!isUnsure) return { kind: "sure", headline: { key: likeKey(source), values }, detail: likely };
  return { kind: "unsure", headline: { key: "answer.unsure", values }, detail: knows ? whyUnsure(share, threshold) : likely };
}

function whyUnsure(...shares) {
  const [share, threshold] = shares.map((one) => ({ key: "answer.percent", values: { number: tenths(one) } }));
  return { key: "answer.unsure_why", values: { share, threshold } };
}

/** The photo is like none of the classes, however likely one is next to the others. */
function far(number) {
  const headline = { key: "answer.far", values: { number } };
  return { kind: "far", headline, detail: { key: "answer.far_why", values: {} } };
}

function likeKey(source) {
  return SOURCES.includes(source) ? `answer.like_${source}` : "answer.like";
}

/** The key of a sentence that says photos, or that of the one that says pictures where a program drew them. */
export function sourced(key, source) {
  return source === "drawn" ? `${key}_drawn` : key;
}

/**
 * How often the Space agrees with the labels of photos of a class.
 *
 * @returns {{key: string, values: object} | null} null where it does not tell
 */
export function measuredFor(name, { per_class: found, source }) {
  const told = found?.[name];
  if (typeof told?.accuracy !== "number" || typeof told.photos !== "number") return null;
  const right = Math.round(told.accuracy * told.photos);
  return { key: sourced("answer.right_for", source), values: { name: { name }, right, photos: told.photos } };
}
