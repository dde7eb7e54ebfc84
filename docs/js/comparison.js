/** What the Space says about itself: its classes, how often it was right, and whom to ask to remove a photo. */
import { isWebPage } from "./dom.js";
import { renderGroups } from "./groups.js";
import { put } from "./words.js";

const BLURRED = ["blur", "blur_random"];
const accuracy = document.getElementById("accuracy");

/** @param {object} about the answer of /about */
export function showComparison(about) {
  const { key, values } = accuracySentence(about);
  put(accuracy, key, values);
  showFaces(about);
  renderGroups(document.getElementById("groups"), about.classes);
  showContact(about.contact);
}

export function showNoComparison() {
  put(accuracy, "site.comparison_none");
}

/** How often it is right by what people saw without knowing labels; where nobody looked, how often it agrees with labels. */
function accuracySentence(about) {
  return seenSentence(about.blind?.accuracy) ?? agreementSentence(about);
}

function seenSentence(seen) {
  if (typeof seen?.share !== "number" || typeof seen.photos !== "number" || seen.interval_further?.length !== 2) return null;
  const [low, high] = seen.interval_further.map((counted) => ({ counted }));
  return { key: "answer.seen", values: { photos: seen.photos, share: { counted: seen.share }, low, high } };
}

function agreementSentence({ accuracy: share, accuracy_interval: interval, photos }) {
  const isMeasured = typeof share === "number" && typeof photos === "number" && interval?.length === 2;
  if (!isMeasured) return { key: "answer.unmeasured", values: {} };
  const [low, high] = interval.map((counted) => ({ counted }));
  return { key: "answer.accuracy", values: { right: Math.round(share * photos), photos, share: { counted: share }, low, high } };
}

/** Says how far answers rest on faces, and whether it learned without; nothing where neither is told. */
function showFaces({ faces, training_faces: training }) {
  const [blurred, changed] = ["faces-blurred", "faces-changed"].map((id) => document.getElementById(id));
  blurred.hidden = !BLURRED.includes(training);
  changed.hidden = typeof faces?.photos !== "number" || typeof faces.changed !== "number";
  if (changed.hidden) return;
  put(changed, "answer.faces", { photos: faces.photos, changed: Math.round(faces.changed * faces.photos) });
}

function showContact(contact) {
  if (!contact) return;
  const link = document.getElementById("remove");
  link.href = isWebPage(contact) ? contact : `mailto:${contact}`;
  link.hidden = false;
}
