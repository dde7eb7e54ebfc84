/** Draws Gradio's Label form: a headline about photos, and a bar for each name. */

const NOT_SURE = "Not sure";
const SHOWN_FIRST = 5;
const LIKE = "Most like the photos of";

/**
 * @param {{label: string, confidences: {label: string, confidence: number}[]}} answer
 * @param {{like?: string, threshold?: number}} about what the Space says of itself, as far as it is known
 */
export function headline({ label, confidences }, about = {}) {
  const [closest] = confidences;
  if (isFar({ label, confidences }, about)) return `Unlike all ${confidences.length}`;
  if (label !== NOT_SURE) return `${about.like ?? LIKE} ${label} (${percent(closest.confidence)})`;
  const asked = typeof about.threshold === "number" ? `; it answers from ${percent(about.threshold)}` : "";
  return `Not sure. Closest: ${closest.label} (${percent(closest.confidence)}${asked})`;
}

/** Whether a class is likely enough next to the others, and the photo all the same like none of them. */
function isFar({ label, confidences }, { threshold }) {
  return label === NOT_SURE && typeof threshold === "number" && confidences[0].confidence >= threshold;
}

/**
 * @param {HTMLElement} place emptied first
 * @param {{label: string, confidences: {label: string, confidence: number}[]}} answer
 * @param {object} about what the Space says of itself, as far as it is known
 */
export function renderAnswer(place, answer, about = {}) {
  const title = document.createElement("h2");
  title.textContent = headline(answer, about);
  place.classList.toggle("unsure", answer.label === NOT_SURE);
  const { confidences } = answer;
  if (isFar(answer, about)) {
    place.replaceChildren(title, folded(`How the ${confidences.length} compare with each other all the same`, bars(confidences, 1)));
    return;
  }
  place.replaceChildren(title, bars(confidences.slice(0, SHOWN_FIRST), 1));
  const rest = confidences.slice(SHOWN_FIRST);
  if (rest.length) place.append(folded(`The other ${rest.length}`, bars(rest, SHOWN_FIRST + 1)));
  const measured = measuredFor(answer, about);
  if (measured) place.append(measured);
}

/** How often the Space is right about photos of the class that this one is most like. */
function measuredFor({ confidences: [closest] }, { per_class: found }) {
  const told = found?.[closest.label];
  if (typeof told?.accuracy !== "number" || typeof told.photos !== "number") return null;
  const line = document.createElement("p");
  line.className = "quiet";
  line.textContent = `${closest.label}: right for ${Math.round(told.accuracy * told.photos)} of ${told.photos} test photos.`;
  return line;
}

function folded(words, list) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = words;
  details.append(summary, list);
  return details;
}

function bars(confidences, start) {
  const list = document.createElement("ol");
  list.className = "bars";
  list.start = start;
  list.append(...confidences.map(bar));
  return list;
}

function bar({ label, confidence }) {
  const item = document.createElement("li");
  const track = span("track", "");
  track.ariaHidden = "true";
  track.append(span("fill", ""));
  track.style.setProperty("--share", confidence);
  item.append(span("name", label), " ", span("share", percent(confidence)), track);
  return item;
}

function percent(share) {
  if (share < 0.01) return "under 1\u00a0%";
  if (share > 0.99) return "over 99\u00a0%";
  return `${Math.round(share * 100)}\u00a0%`;
}

function span(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}
