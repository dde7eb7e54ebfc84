/** Draws what a classifier compares with, as the templates of the pages do. */
import { english, webLink } from "./dom.js";

/**
 * @param {HTMLElement} list left as it is where it shows these very classes
 * @param {{name: string, description?: string, region?: string, link?: string}[]} classes
 */
export function renderGroups(list, classes) {
  const shown = [...list.querySelectorAll(".name")].map((name) => name.textContent);
  if (JSON.stringify(shown) === JSON.stringify(classes.map(({ name }) => name))) return;
  list.replaceChildren(...classes.map(groupItem));
}

function groupItem({ name, description, region, link }) {
  const item = document.createElement("li");
  item.append(webLink("name", name, link));
  if (region) item.append(english("p", "region", region));
  if (description) item.append(english("p", "description", description));
  return item;
}
