/** Draws what a classifier compares with, as the templates of the pages do. */
import { element, english, webLink } from "./dom.js";
import { spoken } from "./output-words.js";

/**
 * @param {HTMLElement} place left as it is where it shows these very classes
 * @param {{classes?: object[], outputs?: object[]}} about classes, or outputs, each of classes or a number
 */
export function renderGroups(place, { classes, outputs = [{ name: "", classes }] }) {
  const heads = outputs.map(({ name, description, ...one }) => ({ name, description, classes: one.classes ?? [rangeOf(one)] }));
  const shown = [...place.querySelectorAll(".name")].map((name) => name.textContent);
  const wanted = heads.flatMap((head) => head.classes.map(({ name }) => name));
  if (JSON.stringify(shown) === JSON.stringify(wanted)) return;
  const { className } = place.querySelector("ul");
  place.replaceChildren(...heads.flatMap((head) => drawn(head, className)));
}

function rangeOf({ range: [low, high], unit }) {
  return { name: `${low} – ${high} ${unit}`.trim() };
}

function drawn({ name, description, classes }, className) {
  const list = element("ul", className);
  list.append(...classes.map(groupItem));
  if (!name) return [list];
  return [english("h3", "", spoken(name)), ...(description ? [english("p", "quiet", description)] : []), list];
}

function groupItem({ name, description, region, link }) {
  const item = document.createElement("li");
  item.append(webLink("name", name, link));
  if (region) item.append(english("p", "region", region));
  if (description) item.append(english("p", "description", description));
  return item;
}
