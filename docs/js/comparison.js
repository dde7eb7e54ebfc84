/** What the Space says about itself: its classes, how often it was right, and whom to ask to remove a photo. */
import { isWebPage, sentence } from "./dom.js";
import { renderGroups } from "./groups.js";
import { rounded, withUnit } from "./numbers.js";
import { spoken } from "./output-words.js";
import { sourced } from "./verdict.js";
import { put } from "./words.js";

const BLURRED = ["blur", "blur_random"];
const accuracy = document.getElementById("accuracy");

/** @param {object} about the answer of /about */
export function showComparison(about) {
  const [{ key, values }, ...more] = about.outputs?.map(outputSentence) ?? [accuracySentence(about)];
  put(accuracy, key, values);
  document.querySelectorAll(".accuracy-more").forEach((line) => line.remove());
  accuracy.after(...more.map((one) => sentence("p", "quiet accuracy-more", one.key, one.values)));
  showFaces(about);
  renderGroups(document.getElementById("groups"), about);
  showPages(about.pages);
  showContact(about.contact);
}

/** @param {boolean} here whether this browser answers, and no Space */
export function showNoComparison(here) {
  put(accuracy, here ? "site.comparison_none_here" : "site.comparison_none");
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

function agreementSentence({ accuracy: share, accuracy_interval: interval, photos, source }) {
  const isMeasured = typeof share === "number" && typeof photos === "number" && interval?.length === 2;
  if (!isMeasured) return { key: "answer.unmeasured", values: {} };
  const [low, high] = interval.map((counted) => ({ counted }));
  return { key: sourced("answer.accuracy", source), values: { right: Math.round(share * photos), photos, share: { counted: share }, low, high } };
}

/** How well an output does, next to always giving the same answer. */
function outputSentence({ name, kind, unit, metrics }) {
  const output = { name: spoken(name) };
  const { photos, constant } = metrics ?? {};
  const [figure, interval] = kind === "number" ? ["mean_absolute_error", "mean_absolute_error_interval"] : ["accuracy", "accuracy_interval"];
  const isMeasured = typeof metrics?.[figure] === "number" && metrics[interval]?.length === 2 && constant;
  if (!isMeasured) return { key: "answer.unmeasured", values: {} };
  const share = metrics[figure];
  const [low, high] = metrics[interval];
  if (kind === "number") return errorSentence({ output, photos }, unit, share, low, high, constant);
  const shares = { share: { counted: share }, low: { counted: low }, high: { counted: high } };
  const guess = { guess: { name: constant.answer }, constant: { counted: constant.accuracy } };
  return { key: "answer.output_accuracy", values: { output, right: Math.round(share * photos), photos, ...shares, ...guess } };
}

function errorSentence(values, unit, error, low, high, constant) {
  const numbers = [error, low, high, constant.mean_absolute_error];
  const [told, from, to, other] = numbers.map((number) => rounded({ low, high }, number));
  const guess = { guess: { name: constant.answer }, constant: other };
  return { key: "answer.output_error", values: { ...values, error: withUnit(told, unit), low: from, high: to, ...guess } };
}

/** Links to the pages on how it works and on the data set, where there are some. */
function showPages(pages) {
  const links = document.getElementById("figures");
  links.hidden = !pages?.how || !pages.data;
  if (links.hidden) return;
  for (const name of ["how", "data"]) links.querySelector(`.${name}`).href = inLanguage(pages[name]);
}

function inLanguage(page) {
  const url = new URL(page, document.baseURI);
  url.searchParams.set("lang", document.documentElement.lang);
  return url.href;
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
