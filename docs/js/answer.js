/** Draws Gradio's Label form: a headline about photos, and a bar for each name. */

const NOT_SURE = "Not sure";
const SHOWN_FIRST = 5;

/** @param {{label: string, confidences: {label: string, confidence: number}[]}} answer */
export function headline({ label, confidences }) {
  if (label === NOT_SURE) return "Not sure: no group’s photos are close enough";
  const share = confidences.find((one) => one.label === label)?.confidence;
  return `Looks like photos found under “${label}”` + (share === undefined ? "" : ` (${percent(share)})`);
}

/**
 * @param {HTMLElement} place emptied first
 * @param {{label: string, confidences: {label: string, confidence: number}[]}} answer
 */
export function renderAnswer(place, answer) {
  const title = document.createElement("h2");
  title.textContent = headline(answer);
  place.classList.toggle("unsure", answer.label === NOT_SURE);
  place.replaceChildren(title, bars(answer.confidences.slice(0, SHOWN_FIRST), 1));
  const rest = answer.confidences.slice(SHOWN_FIRST);
  if (rest.length) place.append(folded(rest));
}

function folded(rest) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = `The other ${rest.length}`;
  details.append(summary, bars(rest, SHOWN_FIRST + 1));
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
  if (share > 0 && share < 0.01) return "under 1\u00a0%";
  if (share < 1 && share > 0.99) return "over 99\u00a0%";
  return `${Math.round(share * 100)}\u00a0%`;
}

function span(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}
