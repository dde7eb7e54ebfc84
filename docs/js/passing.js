/** A short note about something that changed nothing: a paste without a picture, two files at once. */
import { tell } from "./words.js";

const box = document.getElementById("passing");

/** @param {{key?: string, values?: object}} told one sentence, see `tell` */
export function showPassing(told) {
  box.hidden = false;
  tell(box.querySelector("p"), told);
}

export function hidePassing() {
  box.hidden = true;
}

box.querySelector("button").addEventListener("click", hidePassing);
document.addEventListener("keydown", (event) => event.key === "Escape" && hidePassing());
