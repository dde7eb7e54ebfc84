/** A short note about something that changed nothing: a paste without a picture, two files at once. */
import { tell } from "./words.js";

const box = document.getElementById("passing");

/** @param {{key?: string, values?: object}} told one sentence, see `tell` */
export function showPassing(told) {
  box.hidden = false;
  tell(box.querySelector("p"), told);
}

/** A keyboard that was in the note goes on where photos are chosen. */
export function hidePassing() {
  const isFocused = box.contains(document.activeElement);
  box.hidden = true;
  if (isFocused) document.getElementById("choose").focus();
}

box.querySelector("button").addEventListener("click", hidePassing);
document.addEventListener("keydown", (event) => event.key === "Escape" && hidePassing());
