/** A few photos to try, with who took them. */
import { element, english, isWebPage, sentence, webLink } from "./dom.js";

const section = document.getElementById("examples");

/**
 * @param {{file: string | URL, label?: string, title?: string, author?: string, licence?: string, page?: string}[]} examples
 * @param {(files: File[]) => void} onFiles
 */
export async function showExamples(examples, onFiles) {
  const found = await Promise.all(examples.map((example) => fetched(example).catch(() => null)));
  const items = found.filter(Boolean).map((example) => item(example, onFiles));
  section.querySelector("ul").replaceChildren(...items);
  section.hidden = items.length === 0;
}

/** An example that does not come is not shown; the others are. */
async function fetched(example) {
  const response = await fetch(example.file);
  const blob = await response.blob();
  return response.ok && blob.type.startsWith("image/") ? { ...example, blob } : null;
}

function item({ blob, label, title, page, author, licence }, onFiles) {
  const name = label ?? title ?? "";
  const image = element("img", "");
  image.alt = "";
  image.src = URL.createObjectURL(blob);
  const button = element("button", "example");
  button.type = "button";
  button.append(image, english("span", "", name));
  button.addEventListener("click", () => onFiles([new File([blob], name, { type: blob.type })]));
  const row = document.createElement("li");
  row.append(button, credit(title, page, [author, licence].filter(Boolean)));
  return row;
}

function credit(title, page, rest) {
  const line = english("p", "credit", "");
  const named = title ? webLink("", title, page) : sentence(isWebPage(page) ? "a" : "span", "", "site.untitled", {});
  if (!title && isWebPage(page)) named.href = page;
  line.append(named, rest.map((part) => `, ${part}`).join(""));
  return line;
}
