// What stands in the place of a photo when none is left: what was decided, and what comes next.

import { $, element, number, plural } from "./dom.js";

// `answer` is the server's, of the list; `sample` tells how far the blind sample is: {drawn, answered}.
export function showEnd(answer, sample, onShowAll, onSample) {
  const { totals, next } = answer;
  if (!totals.checked) $("end").replaceChildren(...notChecked(next));
  else if (totals.waiting) $("end").replaceChildren(...elsewhere(totals, onShowAll));
  else $("end").replaceChildren(...decided(answer, sample, onSample));
}

const command = (words, before = "Next: ") => element("p", {}, before, element("code", {}, words));

const notChecked = (next) => [
  element("h2", {}, "The photos have not been checked yet."),
  command(next.clean),
];

function elsewhere(totals, onShowAll) {
  return [
    element("h2", {}, "No photo matches these filters"),
    element("p", {}, `With other filters, ${plural(totals.waiting, "photo")} still ${totals.waiting === 1 ? "waits" : "wait"} for a person.`),
    strong("Show all that are waiting", onShowAll),
  ];
}

function decided(answer, sample, onSample) {
  const isOpen = sample.answered < sample.drawn;
  return [...(isOpen ? openSample(sample, onSample) : [allDone()]), table(answer.totals, sample), ...commands(answer, sample)];
}

const allDone = () => element("h2", {}, "All done: no photo is waiting. Thank you!");

function openSample({ drawn, answered }, onSample) {
  const left = drawn - answered;
  const words = `In the blind sample, ${number(left)} of ${plural(drawn, "photo")} ${left === 1 ? "is" : "are"} left.`;
  return [
    element("h2", {}, "Outside the blind sample, no photo is waiting."),
    element("p", {}, words),
    strong("Go on with the blind sample", onSample),
  ];
}

function strong(words, onClick) {
  const button = element("button", { type: "button", class: "strong" }, words);
  button.addEventListener("click", onClick);
  return button;
}

function table(totals, { drawn, answered }) {
  const rows = [
    ...(drawn ? [["answered in the blind sample", `${number(answered)} of ${number(drawn)}`]] : []),
    ["decided by people", number(totals.person)],
    ["decided by rules", number(totals.auto)],
    ["decided to be kept", number(totals.keep)],
    ["dropped", number(totals.drop)],
    ["relabelled", number(totals.relabel)],
    ["all kept photos", number(totals.photos - totals.drop)],
  ].map(([words, count]) => element("tr", {}, element("th", { scope: "row" }, words), element("td", {}, count)));
  return element("table", {}, ...rows);
}

// Training comes next where the server says so; the figures come once the blind sample, if any, is answered.
function commands({ next, to_train: isToTrain }, { drawn, answered }) {
  const isWhole = drawn > 0 && answered === drawn;
  if (isToTrain) return isWhole ? [command(next.train), command(next.evaluate, "Then: ")] : [command(next.train)];
  return drawn && !isWhole ? [] : [command(next.evaluate)];
}
