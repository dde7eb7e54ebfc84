// The page: what a key or button does. Each choice is saved before anything else shows.

import { decide, fetchQueue, undo } from "./api.js";
import { showBar } from "./bar.js";
import { askBlind, blindActions, isBlind, sampleSoFar, showBlind, showTaken, takeUp } from "./blind.js";
import { $, plural } from "./dom.js";
import { showEnd } from "./end.js";
import { listenToFilter, NO_FILTER, personName, remember, setFilter, settings, showFilter, showName } from "./filters.js";
import { columns, focusCell, isInView, placeOf, refreshGrid, showGrid } from "./grid.js";
import { choiceWords, decisionWords, labelOf, suggestionOf } from "./item.js";
import { listen } from "./keys.js";
import { List } from "./list.js";
import { afterwards, alone, isBusy, say, waited } from "./note.js";
import { countChoice } from "./pace.js";
import { pickClass } from "./picker.js";
import { leaveSingle, showSingle } from "./single.js";

let answer; // of the server, to the last question for the list
let list;

const viewNow = () => (isBlind() ? "blind" : settings.view);
const inGrid = () => viewNow() === "grid";
const VIEWS = ["blind", "single", "grid", "end"];

// Ask for the list anew; stay at the photo `id` where it is still there. While the blind sample is asked for, the
// answer lists no photo, so that no label is known here.
async function load(id) {
  const asked = { ...settings.filter };
  await askBlind();
  answer = await waited(fetchQueue(isBlind() ? { ...asked, blind: "" } : asked), "Loading…");
  list = new List(answer, asked.state);
  document.title = `Review: ${answer.title}`;
  $("title").textContent = answer.title;
  $("no-neighbours").querySelector("code").textContent = answer.next.clean;
  list.goTo(list.places.get(id) ?? 0);
  showFilter(answer);
  show();
}

// Somebody else may have decided while this page was out of sight.
function catchUp() {
  const isAway = document.hidden || !list || list.selected.size || document.querySelector("dialog[open]");
  return isAway ? undefined : alone(() => load(list.current?.id));
}

// Showing

function show() {
  const view = isBlind() || list.current ? viewNow() : "end";
  for (const name of VIEWS) $(name).hidden = name !== view;
  $("main").tabIndex = view === "single" ? 0 : -1; // one photo scrolls, and may have nothing to put the focus on
  $("mode").textContent = inGrid() ? "Single" : "Grid";
  document.body.dataset.view = view;
  showTaken();
  if (view === "blind") {
    const around = { show, load: () => load(list.current?.id) };
    return showBlind(answer.labels.map(({ name }) => name), answer.next.evaluate, around);
  }
  if (view === "end") showEnd(answer, sampleSoFar(), () => change(NO_FILTER), goToSample);
  else if (view === "grid") showGrid(list);
  else showOne();
  return showTheBar();
}

function showOne() {
  const words = new Map(answer.checks.map(({ name, words }) => [name, words]));
  showSingle(list, words, takeNews).catch((error) => say(error.message, "wrong"));
}

function takeNews(item, decision) {
  list.setDecision(item, decision);
  showOne();
  showTheBar();
}

// The photos that a choice is about: the one that shows, or the selected ones of the grid as far as they are in view.
function targets() {
  if (!list?.current) return [];
  return inGrid() ? list.selectedItems.filter(isInView) : [list.current];
}

const showTheBar = () => showBar(list, targets(), inGrid());

// Deciding

const chooseForAll = (action, label = null) => choose(targets().map((item) => ({ photo: item.id, action, label })));

function takeSuggestions() {
  if (isBusy() || isNothingChosen()) return undefined;
  const suggested = targets().filter(suggestionOf);
  if (!suggested.length) return say("No other class is suggested here.", "wrong");
  return choose(suggested.map((item) => ({ photo: item.id, action: "relabel", label: suggestionOf(item).label })));
}

// In the grid nothing is decided about a photo that is not selected, or that nobody sees just now.
function isNothingChosen() {
  if (!list?.current || targets().length) return false;
  if (list.selected.size) {
    list.goTo(list.places.get(list.selectedItems[0].id));
    stay();
    say("The selected photos were out of view, so nothing was decided. Here they are.", "wrong");
  } else {
    say("Select photos first: click them, or press Space.", "wrong");
  }
  return true;
}

function choose(choices) {
  if (isBusy() || isNothingChosen()) return undefined;
  return alone(async () => {
    if (!choices.length) return;
    const { decisions, before } = await waited(decide(choices, personName()), "Saving…");
    const overruled = choices.map(({ photo }) => before[photo]).find((known, at) => isNews(choices[at].photo, known));
    const items = choices.map(({ photo }) => list.find(photo));
    for (const item of items) {
      list.setDecision(item, decisions[item.id]);
      list.selected.delete(item.id);
    }
    countChoice(choices.length);
    say(`${choiceWords(items)}; undo takes that back.${overruled ? ` ${overruledWords(overruled, items)}` : ""}`);
    await goOn();
  });
}

function overruledWords(decision, items) {
  const [first, ...rest] = decisionWords(decision);
  return `Before you, ${items.length > 1 ? "one" : "it"} was ${first.toLowerCase()}${rest.join("")}.`;
}

// Tell whether somebody decided about a photo since it was shown here.
function isNews(photo, decision) {
  return decision !== null && JSON.stringify(decision) !== JSON.stringify(list.find(photo).decision);
}

async function goOn() {
  if (inGrid() && list.selected.size) return showRest();
  const isMore = list.goOn();
  if (!isMore && list.state === "waiting") await load();
  else if (inGrid()) stay();
  else show();
  if (!isMore && list.current) say(`${$("note").textContent} That was the last one in this list.`);
}

// Show what is still selected, which was out of view when the choice was made.
function showRest() {
  const rest = list.selectedItems;
  list.goTo(list.places.get(rest[0].id));
  say(`${$("note").textContent} Still to be decided: ${plural(rest.length, "selected photo")}.`);
  stay();
}

function stay() {
  refreshGrid();
  focusCell();
  showTheBar();
}

const takeBack = () =>
  alone(async () => {
    const { decisions } = await waited(undo(personName()), "Undoing…");
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
  if (isBusy() || isNothingChosen() || !list.current) return;
  const [item] = targets();
  const labels = new Set(targets().map(labelOf));
  const others = answer.labels.map(({ name }) => name).filter((name) => labels.size > 1 || !labels.has(name));
  const label = await pickClass(others, suggestionOf(item)?.label);
  if (label !== null) await chooseForAll("relabel", label);
}

// Moving

function move(step, extend = false) {
  if (isBusy() || !list.current) return;
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
  settings.view = settings.view === "grid" ? "single" : "grid";
  remember();
  if (inGrid()) leaveSingle();
  else list.selectNone();
  show();
}

function goToSample() {
  takeUp();
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
$("sample").addEventListener("click", goToSample);
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
  if (isBusy() || place < 0) return;
  list.goTo(place);
  if (event.target.matches(".open")) switchView();
  else select(event.shiftKey);
});
$("grid").addEventListener("dblclick", (event) => {
  if (placeOf(event.target) >= 0 && !event.target.matches(".open")) switchView();
});
$("main").addEventListener("scroll", () => inGrid() && list && requestAnimationFrame(showTheBar));
window.addEventListener("resize", () => inGrid() && list && showTheBar());
document.addEventListener("visibilitychange", catchUp);
listen((view) => (view === "blind" ? blindActions : actions), viewNow);
listenToFilter(() => afterwards(load));
alone(async () => {
  await load();
  showName(answer.name);
});
