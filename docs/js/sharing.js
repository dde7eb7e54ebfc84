/** What a visitor can do with an answer: copy it as text, save it as a picture or as data, print it. */
import { element, sentence } from "./dom.js";
import { put } from "./words.js";

const SAID_FOR_MS = 4000;

/**
 * @param {{text: () => string, data: () => object, picture: () => Promise<Blob>}} takes the answer in each form there is
 * @returns {HTMLElement} the buttons
 */
export function sharing({ text, data, picture }) {
  const row = element("div", "sharing");
  if (navigator.clipboard) row.append(button("site.copy", (own) => copy(own, text())));
  row.append(button("site.save_picture", async () => save("answer.png", await picture())));
  row.append(button("site.save_data", () => save("answer.json", asBlob(data()))), button("site.print", () => window.print()));
  return row;
}

function asBlob(data) {
  return new Blob([JSON.stringify(data, null, 2)], { type: "application/json" });
}

async function copy(own, text) {
  const copied = await navigator.clipboard.writeText(text).then(() => true, () => false);
  put(own, copied ? "site.copied" : "site.not_copied");
  setTimeout(() => put(own, "site.copy"), SAID_FOR_MS);
}

function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function button(key, onClick) {
  const made = sentence("button", "button second", key, {});
  made.type = "button";
  made.addEventListener("click", () => onClick(made));
  return made;
}
