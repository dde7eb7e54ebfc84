// What is known about one photo of the list, in words.

import { percent, plural } from "./dom.js";

const DONE = { keep: "Kept", drop: "Dropped", relabel: "Relabelled" };

// The class that counts.
export const labelOf = (item) => (item.decision?.action === "relabel" ? item.decision.label : item.found);

export function stateOf(item) {
  if (item.decision) return item.decision.auto ? "auto" : "person";
  return item.issues.length ? "waiting" : "";
}

// The class that may be better than the one that counts: {label, probability}, or undefined.
export const suggestionOf = (item) => item.issues.find(({ label }) => label && label !== labelOf(item));

export function suggestionWords(item) {
  const { label, probability } = suggestionOf(item);
  return probability === null ? label : `${label}, ${percent(probability)}`;
}

export const twinsOf = (item) => [...new Set(item.issues.map((issue) => issue.twin).filter(Boolean))];

// "Kept 12 photos under Tartan", once the decisions about them are known.
export function choiceWords(items) {
  const { action } = items[0].decision;
  const what = items.length > 1 ? plural(items.length, "photo") : "the photo";
  if (action === "drop") return `Dropped ${what}`;
  const labels = new Set(items.map(labelOf));
  const several = action === "keep" ? "their classes" : "the suggested classes";
  return `${action === "keep" ? "Kept" : "Put"} ${what} under ${labels.size > 1 ? several : [...labels][0]}`;
}

// "Dropped", "Relabelled to Shoes"
export function doneWords({ action, label }) {
  return action === "relabel" ? `${DONE.relabel} to ${label}` : DONE[action];
}

export function decisionWords(decision) {
  const by = decision.auto ? `by the rules: ${decision.reason}` : `by ${decision.by}`;
  return `${doneWords(decision)} ${by}`;
}
