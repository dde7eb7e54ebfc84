// The filter, the view and the person's name; filter and view stand in the address, so that a reload goes on.

import { $, element } from "./dom.js";

const FIELDS = ["state", "check", "label", "part"];
const asked = new URLSearchParams(location.hash.slice(1));
const EVERY = { check: "All checks", label: "All classes", part: "All parts" };
export const NO_FILTER = { state: "waiting", check: "", label: "", part: "" };

export const settings = {
  view: asked.get("view") === "grid" ? "grid" : "single",
  later: asked.get("sample") === "later", // whether the blind sample was put off
  filter: Object.fromEntries(FIELDS.map((field) => [field, asked.get(field) ?? NO_FILTER[field]])),
};

export function remember() {
  const sample = settings.later ? { sample: "later" } : {};
  history.replaceState(null, "", `#${new URLSearchParams({ view: settings.view, ...settings.filter, ...sample })}`);
}

export function skipSample(later) {
  settings.later = later;
  remember();
}

export function setFilter(filter) {
  Object.assign(settings.filter, filter);
  remember();
}

// Fill the fields with what there is, and how much of it waits.
export function showFilter({ checks, labels, parts }) {
  fill("check", checks);
  fill("label", labels);
  fill("part", parts);
  for (const field of FIELDS) $(field).value = settings.filter[field];
}

function fill(field, options) {
  const named = options.map(({ name, words, waiting }) =>
    element("option", { value: name }, waiting ? `${words} (${waiting} waiting)` : words),
  );
  $(field).replaceChildren(element("option", { value: "" }, EVERY[field]), ...named);
}

export function listenToFilter(onChange) {
  for (const field of FIELDS) {
    $(field).addEventListener("change", () => {
      setFilter({ [field]: $(field).value });
      $(field).blur();
      onChange();
    });
  }
}

// The name that the server was started with, unless this browser was told another one.
export function showName(name) {
  const key = `reviewer instead of ${name}`;
  $("name").value = localStorage.getItem(key) ?? name;
  $("name").onchange = () => localStorage.setItem(key, $("name").value);
}

export const personName = () => $("name").value;
