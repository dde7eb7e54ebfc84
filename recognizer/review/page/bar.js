// The buttons that decide, and how far the list is.

import { $, number } from "./dom.js";
import { suggestionOf, suggestionWords } from "./item.js";
import { timeFor } from "./pace.js";

// Show what a choice would be about now, and how much is left.
export function showBar(list, chosen, inGrid) {
  const suggested = chosen.filter(suggestionOf);
  const found = new Set(chosen.map((item) => item.found));
  const several = chosen.length > 1 ? ` ${number(chosen.length)}` : "";
  $("keep").textContent = found.size === 1 ? `Keep${several} as ${[...found][0]}` : `Keep${several}`;
  $("drop").textContent = `Drop${several}`;
  $("relabel").textContent = `Relabel${several}…`;
  $("suggested").hidden = !suggested.length;
  if (suggested.length) $("suggested").textContent = suggestedWords(suggested);
  for (const id of ["keep", "drop", "relabel"]) $(id).disabled = !chosen.length;
  for (const id of ["previous", "next"]) $(id).disabled = !list.current;
  showLeft(list, inGrid ? list.selected.size - chosen.length : 0);
}

const suggestedWords = (items) =>
  items.length > 1 ? `the suggested classes (${number(items.length)})` : suggestionWords(items[0]);

function showLeft(list, outOfView) {
  const place = list.current ? `${number(list.at + 1)} of ${number(list.items.length)}` : "";
  const hidden = outOfView ? ` (${number(outOfView)} out of view)` : "";
  const selected = list.selected.size ? `${number(list.selected.size)} selected${hidden}` : place;
  const left = list.left ? `${number(list.left)} left, ${timeFor(list.left)}` : "none left";
  $("left").textContent = [left, selected].filter(Boolean).join(" · ");
  $("progress").max = list.begun || 1;
  $("progress").value = list.begun ? list.begun - list.left : 1;
}
