// Makes elements. All text goes in as text, so nothing that a stranger wrote is ever run.

export const $ = (id) => document.getElementById(id);

// element("a", {href}, "words", other) makes <a href=…>words<other></a>.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A share that is an estimate never claims certainty.
export function percent(share) {
  if (share > 0.99) return "over 99 %";
  return share < 0.01 ? "under 1 %" : `${Math.round(share * 100)} %`;
}

export const number = (count) => count.toLocaleString("en");

export const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;
