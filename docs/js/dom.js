/** Small parts of a page. */
import { put } from "./words.js";

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} text set as text, never as markup
 */
export function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** A name or a text of a recipe, which is English whatever the page speaks. */
export function english(tag, className, text) {
  const made = element(tag, className, text);
  made.lang = "en";
  return made;
}

/** A sentence, see `put`. */
export function sentence(tag, className, key, values) {
  const made = element(tag, className);
  put(made, key, values);
  return made;
}

/** A link to a page of the web; a plain text where the address is none. */
export function webLink(className, text, address) {
  if (!isWebPage(address)) return english("span", className, text);
  const link = english("a", className, text);
  link.href = address;
  link.rel = "noreferrer";
  return link;
}

export function isWebPage(address) {
  return URL.canParse(address) && ["http:", "https:"].includes(new URL(address).protocol);
}
