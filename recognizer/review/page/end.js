// What stands in the place of a photo when none is left: what was decided, and what comes next.

import { $, element, number, plural } from "./dom.js";

export function showEnd({ totals, next }, onShowAll) {
  const parts = !totals.checked ? notChecked(next) : totals.waiting ? elsewhere(totals, onShowAll) : done(totals, next);
  $("end").replaceChildren(...parts);
}

const command = (words) => element("p", {}, "Next: ", element("code", {}, words));

const notChecked = (next) => [
  element("h2", {}, "The photos have not been checked yet."),
  command(next.clean),
];

function elsewhere(totals, onShowAll) {
  const button = element("button", { type: "button", class: "strong" }, "Show all that are waiting");
  button.addEventListener("click", onShowAll);
  return [
    element("h2", {}, "No photo matches these filters"),
    element("p", {}, `With other filters, ${plural(totals.waiting, "photo")} still ${totals.waiting === 1 ? "waits" : "wait"} for a person.`),
    button,
  ];
}

function done(totals, next) {
  const rows = [
    ["decided by people", totals.person],
    ["decided by rules", totals.auto],
    ["decided to be kept", totals.keep],
    ["dropped", totals.drop],
    ["relabelled", totals.relabel],
    ["all kept photos", totals.photos - totals.drop],
  ].map(([words, count]) => element("tr", {}, element("th", { scope: "row" }, words), element("td", {}, number(count))));
  return [element("h2", {}, "All done: no photo is waiting. Thank you!"), element("table", {}, ...rows), command(next.train)];
}
