// Makes elements. All text goes in as text, so nothing that a stranger wrote is ever run.

export const $ = (id) => document.getElementById(id);

// element("a", {href}, "words", other) makes <a href=…>words<other></a>.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export const percent = (share) => (share > 0.995 ? "over 99 %" : `${Math.round(share * 100)} %`);

export const number = (count) => count.toLocaleString("en");

export const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;
