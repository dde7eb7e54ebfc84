/** Draws what a classifier compares with. Names and texts are set as text, never as markup. */

/**
 * @param {HTMLElement} list
 * @param {{name: string, description?: string, region?: string, link?: string}[]} classes
 */
export function renderGroups(list, classes) {
  list.replaceChildren(...classes.map(groupItem));
}

function groupItem({ name, description, region, link }) {
  const item = document.createElement("li");
  item.append(groupName(name, link));
  if (region) item.append(textElement("p", "region", region));
  if (description) item.append(textElement("p", "description", description));
  return item;
}

function groupName(name, link) {
  if (!isWebPage(link)) return textElement("span", "name", name);
  const anchor = textElement("a", "name", name);
  anchor.href = link;
  anchor.rel = "noreferrer";
  return anchor;
}

function isWebPage(link) {
  return URL.canParse(link) && ["http:", "https:"].includes(new URL(link).protocol);
}

function textElement(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}
