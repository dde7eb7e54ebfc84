// The page: what a key or button does. Each choice is saved before anything else shows.

import { decide, fetchQueue, undo } from "./api.js";
import { $, number, plural } from "./dom.js";
import { showEnd } from "./end.js";
import { listenToFilter, personName, remember, setFilter, settings, showFilter, showName } from "./filters.js";
import { columns, focusCell, placeOf, refreshGrid, showGrid } from "./grid.js";
import { decisionWords, doneWords, labelOf, suggestionOf, suggestionWords } from "./item.js";
import { listen } from "./keys.js";
import { List } from "./list.js";
import { countChoice, timeFor } from "./pace.js";
import { pickClass } from "./picker.js";
import { leaveSingle, showSingle } from "./single.js";

let answer; // of the server, to the last question for the list
let list;
let running; // a choice under way: what is pressed meanwhile is about a photo that nobody has seen yet

const inGrid = () => settings.view === "grid";

// Run one thing at a time, and say what went wrong; what comes meanwhile is left out.
function alone(work) {
  running ??= attempt(work).finally(() => (running = undefined));
  return running;
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    say(error.message, "wrong");
  }
}

// Run it once nothing else is under way.
async function afterwards(work) {
  while (running) await running;
  return alone(work);
}

// Ask for the list anew; stay at the photo `id` where it is still there.
async function load(id) {
  const asked = { ...settings.filter };
  answer = await fetchQueue(asked);
  list = new List(answer, asked.state);
  document.title = `Review: ${answer.title}`;
  $("title").textContent = answer.title;
  list.goTo(list.places.get(id) ?? 0);
  showFilter(answer);
  show();
}

// Somebody else may have decided while this page was out of sight.
function catchUp() {
  const isBusy = document.hidden || !list || list.selected.size || document.querySelector("dialog[open]");
  return isBusy ? undefined : alone(() => load(list.current?.id));
}

// Showing

function show() {
  const isEmpty = !list.current;
  $("end").hidden = !isEmpty;
  $("grid").hidden = isEmpty || !inGrid();
  $("single").hidden = isEmpty || inGrid();
  $("mode").textContent = inGrid() ? "Single" : "Grid";
  document.body.dataset.view = isEmpty ? "end" : settings.view;
  if (isEmpty) showEnd(answer, () => change({ state: "waiting", check: "", label: "" }));
  else if (inGrid()) showGrid(list);
  else showOne();
  showBar();
}

function showOne() {
  const words = new Map(answer.checks.map(({ name, words }) => [name, words]));
  showSingle(list, words, takeNews).catch((error) => say(error.message, "wrong"));
}

function takeNews(item, decision) {
  list.setDecision(item, decision);
  showOne();
  showBar();
}

function showBar() {
  const { targets } = list;
  const suggested = suggesting();
  const found = list.commonLabel;
  $("keep").textContent = found ? `Keep as ${found}` : "Keep";
  $("suggested").hidden = !suggested.length;
  if (suggested.length) $("suggested").textContent = suggestedWords(suggested);
  for (const id of ["keep", "drop", "relabel", "previous", "next"]) $(id).disabled = !targets.length;
  showLeft();
}

const suggestedWords = (items) =>
  items.length > 1 ? `the suggested classes (${number(items.length)})` : suggestionWords(items[0]);

function showLeft() {
  const place = list.current ? `${number(list.at + 1)} of ${number(list.items.length)}` : "";
  const selected = list.selected.size ? `${number(list.selected.size)} selected` : place;
  const left = list.left ? `${number(list.left)} left, ${timeFor(list.left)}` : "none left";
  $("left").textContent = [left, selected].filter(Boolean).join(" · ");
  $("progress").max = list.begun || 1;
  $("progress").value = list.begun ? list.begun - list.left : 1;
}

function say(words, kind = "done") {
  $("note").textContent = words;
  $("note").dataset.kind = kind;
}

// Deciding

const chooseForAll = (action, label = null) => choose(list.targets.map((item) => ({ photo: item.id, action, label })));

function takeSuggestions() {
  if (running) return undefined;
  if (!suggesting().length) return say("No other class is suggested here.", "wrong");
  return choose(suggesting().map((item) => ({ photo: item.id, action: "relabel", label: suggestionOf(item).label })));
}

const suggesting = () => list.targets.filter(suggestionOf);

const choose = (choices) =>
  alone(async () => {
    if (!choices.length) return;
    const { decisions, before } = await decide(choices, personName());
    const overruled = choices.map(({ photo }) => before[photo]).find((known, at) => isNews(choices[at].photo, known));
    for (const { photo } of choices) list.setDecision(list.find(photo), decisions[photo]);
    countChoice(choices.length);
    const [first] = Object.values(decisions);
    const done = choices.length > 1 ? `Decided about ${plural(choices.length, "photo")}` : doneWords(first);
    say(`${done}, saved.${overruled ? ` Before, it was: ${decisionWords(overruled)}.` : ""}`);
    await goOn();
  });

// Tell whether somebody decided about a photo since it was shown here.
function isNews(photo, decision) {
  return decision !== null && JSON.stringify(decision) !== JSON.stringify(list.find(photo).decision);
}

async function goOn() {
  list.selectNone();
  const isMore = list.goOn();
  if (!isMore && list.state === "waiting") await load();
  else if (inGrid()) stay();
  else show();
  if (!isMore && list.current) say(`${$("note").textContent} That was the last one in this list.`);
}

function stay() {
  refreshGrid();
  focusCell();
  showBar();
}

const takeBack = () =>
  alone(async () => {
    const { decisions } = await undo(personName());
    const ids = Object.keys(decisions);
    if (!ids.length) return say(`There is nothing to undo for ${personName()}.`, "wrong");
    if (ids.some((id) => !list.find(id))) await load();
    for (const id of ids.filter((known) => list.find(known))) list.setDecision(list.find(id), decisions[id]);
    list.selectNone();
    const place = list.places.get(ids[0]);
    if (place !== undefined) list.goTo(place);
    if (inGrid() && list.current) stay();
    else show();
    const where = place === undefined ? " It is not in this list." : "";
    say(`Undone: ${ids.length > 1 ? `${plural(ids.length, "photo")} are` : "the photo is"} as before.${where}`);
  });

async function relabel() {
  if (running || !list.targets.length) return;
  const [item] = list.targets;
  const others = answer.labels.map(({ name }) => name).filter((name) => list.labels.size > 1 || name !== labelOf(item));
  const label = await pickClass(others, suggestionOf(item)?.label);
  if (label !== null) await chooseForAll("relabel", label);
}

// Moving

function move(step, extend = false) {
  if (running || !list.current) return;
  list.goTo(list.at + step);
  if (!inGrid()) return show();
  if (extend) list.selectTo(list.at);
  else if (!list.selected.size) list.anchor = list.at;
  return stay();
}

function change(filter) {
  setFilter(filter);
  return afterwards(load);
}

function switchView() {
  settings.view = inGrid() ? "single" : "grid";
  remember();
  if (inGrid()) leaveSingle();
  else list.selectNone();
  show();
}

function select(extend) {
  if (!list.current) return;
  if (extend) list.selectTo(list.at);
  else list.toggle(list.at);
  stay();
}

const actions = {
  keep: () => chooseForAll("keep"),
  drop: () => chooseForAll("drop"),
  relabel,
  suggested: takeSuggestions,
  undo: takeBack,
  next: (extend) => move(1, extend),
  previous: (extend) => move(-1, extend),
  down: (extend) => move(columns(), extend),
  up: (extend) => move(-columns(), extend),
  first: (extend) => move(-Infinity, extend),
  last: (extend) => move(Infinity, extend),
  mode: switchView,
  select,
  selectAll: () => { list.selectAll(); stay(); },
  selectNone: () => { list.selectNone(); stay(); },
  help: () => $("help").showModal(),
};

for (const id of ["keep", "drop", "relabel", "suggested", "undo", "mode"]) $(id).addEventListener("click", actions[id]);
$("next").addEventListener("click", () => move(1));
$("previous").addEventListener("click", () => move(-1));
$("ask").addEventListener("click", actions.help);
$("more").addEventListener("click", () => {
  const isOpen = document.body.classList.toggle("filtering");
  $("more").setAttribute("aria-expanded", isOpen);
});
$("help").querySelector(".close").addEventListener("click", () => $("help").close());
$("grid").addEventListener("click", (event) => {
  const place = placeOf(event.target);
  if (running || place < 0) return;
  list.goTo(place);
  if (event.target.matches(".open")) switchView();
  else select(event.shiftKey);
});
$("grid").addEventListener("dblclick", (event) => {
  if (placeOf(event.target) >= 0 && !event.target.matches(".open")) switchView();
});
document.addEventListener("visibilitychange", catchUp);
listen(actions, inGrid);
listenToFilter(() => afterwards(load));
alone(async () => {
  await load();
  showName(answer.name);
});
