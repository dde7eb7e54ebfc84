/** What the Space says about itself: its classes, and how often it was right. */
import { renderGroups } from "./groups.js";

const section = document.getElementById("comparison");
const accuracy = document.getElementById("accuracy");

/** @param {object} about the answer of /about */
export function showComparison(about) {
  if (about.title) section.querySelector("h2").textContent = `What it compares with: ${about.title}`;
  accuracy.textContent = accuracySentence(about) ?? "The Space does not say how often it is right.";
  renderGroups(document.getElementById("groups"), about.classes);
}

export function showNoComparison() {
  accuracy.textContent = "The Space does not say what it compares with. The answers work all the same.";
}

function accuracySentence({ accuracy: share, accuracy_interval: interval, photos }) {
  if (typeof share !== "number" || !Array.isArray(interval)) return null;
  const [low, high] = interval.map(inHundred);
  const of = photos ? `Right on ${Math.round(share * photos)} of ${photos} test photos` : "Right on test photos";
  return `${of}, none of which it had learned from (${inHundred(share)}\u00a0%; plausibly ${low} to ${high}\u00a0%).`;
}

function inHundred(share) {
  return Math.round(share * 100);
}
