// The grid: cells are made as they come near, so that a long list opens at once.

import { thumbAddress } from "./api.js";
import { $, element } from "./dom.js";
import { doneWords, labelOf, stateOf, suggestionOf, suggestionWords } from "./item.js";

const CHUNK = 120; // cells
const box = $("grid");
const sentinel = element("li", { class: "sentinel", role: "presentation" });
let list;

export function showGrid(shown) {
  list = shown;
  box.replaceChildren(sentinel);
  makeUpTo(list.at + 1);
  focusCell();
}

export function refreshGrid() {
  cells().forEach((cell, place) => update(cell, list.items[place]));
}

// Put the focus on the current photo.
export function focusCell() {
  makeUpTo(list.at + 1);
  box.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
  const cell = cells()[list.at];
  cell?.setAttribute("tabindex", "0");
  cell?.focus();
  cell?.scrollIntoView({ block: "nearest" }); // the focus brings nothing back that has it already
}

// Tell whether a photo's cell is in view, at least its middle.
export function isInView(item) {
  const cell = box.children[list.places.get(item.id)];
  if (!cell || cell === sentinel) return false;
  const { top, bottom } = cell.getBoundingClientRect();
  const frame = $("main").getBoundingClientRect();
  return (top + bottom) / 2 > frame.top && (top + bottom) / 2 < frame.bottom;
}

export const columns = () => getComputedStyle(box).gridTemplateColumns.split(" ").length;

export const placeOf = (target) => cells().indexOf(target.closest(".cell"));

const cells = () => [...box.querySelectorAll(".cell")];

function makeUpTo(count) {
  const made = box.children.length - 1;
  const wanted = Math.min(Math.ceil(count / CHUNK) * CHUNK, list.items.length);
  if (wanted > made) sentinel.before(...list.items.slice(made, wanted).map(makeCell));
  sentinel.hidden = wanted >= list.items.length;
}

function makeCell(item) {
  const picture = element("img", { src: thumbAddress(item.id), loading: "lazy", decoding: "async", alt: "" });
  // For the pointer alone: the keyboard has Enter, and screen readers have the button that changes the view.
  const open = element("span", { class: "open", title: "Look at this photo", "aria-hidden": "true" }, "⤢");
  const words = element("span", { class: "words" });
  const cell = element("li", { class: "cell", role: "option", tabindex: "-1" }, picture, words, open);
  update(cell, item);
  return cell;
}

function update(cell, item) {
  cell.setAttribute("aria-selected", list.selected.has(item.id));
  cell.dataset.state = stateOf(item);
  cell.dataset.action = item.decision?.action ?? "";
  const isSuggested = !item.decision && suggestionOf(item);
  const second = item.decision ? doneWords(item.decision) : isSuggested ? suggestionWords(item) : "";
  cell.querySelector(".words").replaceChildren(
    element("span", { class: "label" }, labelOf(item)),
    element("span", { class: isSuggested ? "second suggested" : "second" }, second),
  );
}

new IntersectionObserver(
  ([entry]) => entry.isIntersecting && list && makeUpTo(box.children.length + CHUNK),
  { rootMargin: "1500px" },
).observe(sentinel);
