// One photo with all that is known about it.

import { fetchDetail, photoAddress, thumbAddress } from "./api.js";
import { $, element } from "./dom.js";
import { decisionWords, labelOf, suggestionOf, suggestionWords, twinsOf } from "./item.js";

const AHEAD = 3; // photos fetched before they are asked for
const DIGITS = 12; // of a photo's sha256: enough to name it to a command
let shown; // sha256

// Show the current photo of a list. `onNews` is called when somebody decided about it meanwhile.
export async function showSingle(list, words, onNews) {
  const item = list.current;
  const isNew = shown !== item.id;
  shown = item.id;
  if (isNew) showPictures(item);
  showStanding(item, words);
  fetchAhead(list);
  const detail = await fetchDetail(item.id);
  if (shown !== item.id) return;
  showDetail(item, detail);
  if (JSON.stringify(detail.decision) !== JSON.stringify(item.decision)) onNews(item, detail.decision);
}

export const leaveSingle = () => (shown = undefined);

function showPictures(item) {
  const twins = twinsOf(item);
  const figures = [item.id, ...twins].map((id, place) =>
    element(
      "figure",
      { "data-id": id },
      element("img", { src: photoAddress(id), alt: place ? "Its twin" : `Photo labelled ${labelOf(item)}` }),
      element("figcaption", {}, twins.length ? (place ? "Its twin" : "This photo") : ""),
    ),
  );
  $("pictures").replaceChildren(...figures);
  $("pictures").dataset.id = item.id;
  for (const scrolled of ["about", "main"]) $(scrolled).scrollTop = 0;
  $("neighbours").replaceChildren();
  $("origin").replaceChildren();
}

function showStanding(item, words) {
  const lines = [fact("Label", labelOf(item), labelOf(item) === item.found ? "" : ` (came as ${item.found})`)];
  if (suggestionOf(item)) lines.push(fact("Suggested", suggestionWords(item)));
  if (item.decision) lines.push(element("p", { class: "decided" }, decisionWords(item.decision)));
  if (item.rival) lines.push(hint(`The same picture is also under ${item.rival}: one of the two labels is wrong.`));
  if (item.heldOut) lines.push(hint("Held out: the model is measured on this photo."));
  $("standing").replaceChildren(...lines);
  const reasons = item.issues.map((issue) => reason(issue, words));
  const none = element("li", {}, "No check found anything wrong with it.");
  $("why").replaceChildren(...(reasons.length ? reasons : [none]));
}

const hint = (words) => element("p", { class: "hint" }, words);

const fact = (name, value, more = "") =>
  element("p", { class: "fact" }, element("span", { class: "name" }, name), element("strong", {}, value), more);

const reason = (issue, words) =>
  element("li", {}, words.get(issue.check), element("span", { class: "score" }, `score ${issue.score.toFixed(2)}`));

function showDetail(item, detail) {
  $("no-neighbours").hidden = detail.neighbours !== null;
  $("neighbours").replaceChildren(...(detail.neighbours ?? []).map(neighbour));
  $("origin").replaceChildren(...origin(detail));
  for (const twin of detail.twins) {
    const caption = document.querySelector(`#pictures [data-id="${twin.id}"] figcaption`);
    caption.textContent = `Its twin: ${twin.label}${twin.dropped ? ", dropped" : ""}, ${twin.width} × ${twin.height}`;
  }
  if (twinsOf(item).length) {
    $("pictures").querySelector("figcaption").textContent = `This photo: ${detail.width} × ${detail.height}`;
  }
  for (const figure of $("pictures").querySelectorAll("figure")) {
    const isThere = figure.dataset.id === item.id || detail.twins.some((twin) => twin.id === figure.dataset.id);
    if (!isThere) figure.remove();
  }
}

const neighbour = ({ id, label, likeness, dropped }) =>
  element(
    "li",
    { class: dropped ? "dropped" : "" },
    element("img", { src: thumbAddress(id), alt: "" }),
    element("span", { class: "label" }, label),
    element("span", { class: "likeness" }, `likeness ${likeness.toFixed(2)}${dropped ? ", dropped" : ""}`),
  );

function origin({ id, origin: { page, link, licence, author }, width, height }) {
  const address = link
    ? element("a", { href: page, target: "_blank", rel: "noopener noreferrer" }, page)
    : page || "an unknown page";
  return [
    element("p", { class: "page" }, address),
    element("p", {}, `Licence: ${licence || "not known"}`),
    element("p", {}, `Author: ${author || "not known"}`),
    element("p", {}, `${width} × ${height} pixels`),
    element("p", { class: "fingerprint" }, "Its sha256 begins with ", element("code", {}, id.slice(0, DIGITS))),
  ];
}

function fetchAhead(list) {
  for (const item of list.items.slice(list.at + 1, list.at + 1 + AHEAD)) new Image().src = photoAddress(item.id);
}
