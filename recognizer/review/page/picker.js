// Asks for a class: some letters of it, then Enter; or a tap.

import { $, element } from "./dom.js";

const dialog = $("picker");
const typed = $("typed");
const box = $("classes");
let labels = [];
let first = "";
let answer; // takes the class, or null

// Returns the class, or null where the person cancels.
export function pickClass(all, suggested) {
  [labels, first] = [all, suggested];
  typed.value = "";
  showMatches();
  dialog.showModal();
  if (matchMedia("(pointer: fine)").matches) typed.focus();
  return new Promise((done) => (answer = done));
}

// The suggested class comes first, then those that begin with the letters, then those that have them.
function matches() {
  const letters = typed.value.trim().toLocaleLowerCase();
  const rank = (label) => {
    const place = label.toLocaleLowerCase().indexOf(letters);
    if (place < 0) return -1;
    return !letters && label === first ? 0 : place === 0 ? 1 : 2;
  };
  return labels.filter((label) => rank(label) >= 0).sort((a, b) => rank(a) - rank(b));
}

function showMatches() {
  const options = matches().map((label, place) =>
    element("button", { role: "option", type: "button", id: `class-${place}`, tabindex: "-1" }, label),
  );
  box.replaceChildren(...options);
  box.hidden = !options.length;
  $("no-class").hidden = options.length > 0;
  typed.setAttribute("aria-expanded", options.length > 0);
  mark(0);
}

function mark(place) {
  const options = [...box.querySelectorAll("[role=option]")];
  const at = (place + options.length) % options.length;
  options.forEach((option, number) => option.setAttribute("aria-selected", number === at));
  options[at]?.scrollIntoView({ block: "nearest" });
  if (options[at]) typed.setAttribute("aria-activedescendant", options[at].id);
  else typed.removeAttribute("aria-activedescendant");
}

const marked = () => box.querySelector("[aria-selected=true]");

// The dialog's own close event comes later, perhaps when it is open again, so it is of no use here.
function finish(label) {
  dialog.close();
  answer(label);
}

const choose = (option) => option && finish(option.textContent);

typed.addEventListener("input", showMatches);
box.addEventListener("click", (event) => choose(event.target.closest("[role=option]")));
dialog.querySelector(".close").addEventListener("click", () => finish(null));
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  finish(null);
});
dialog.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) mark([...box.children].indexOf(marked()) + step);
  else if (event.key === "Enter" && !event.target.matches(".close")) choose(marked());
  else return;
  event.preventDefault();
});
