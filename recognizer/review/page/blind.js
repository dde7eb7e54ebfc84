// The blind sample: which name does a photo belong under? Its label and any suggestion are not even sent here, unless
// a person who has seen the list takes the sample up again.

import { answerBlind, decide, fetchBlind, photoAddress, undoBlind } from "./api.js";
import { $, element, number, plural } from "./dom.js";
import { personName, settings, skipSample } from "./filters.js";
import { afterwards, alone, isBusy, say, waited } from "./note.js";
import { pickClass } from "./picker.js";

const KEYS = 9; // classes that have a digit
const DONE = { none: "none of these", unclear: "cannot tell" };
let sample = { drawn: 0, answered: 0, photos: [], corrections: [] }; // as the server last told
let isAsking = false; // whether this view shows, or is to show
let classes = [];
let page; // what shows the page, and what loads its list anew: {show, load}

const isLeft = () => sample.photos.length > 0;

export const isBlind = () => isAsking;

// How many photos the sample has, and how many of them people have answered.
export const sampleSoFar = () => ({ drawn: sample.drawn, answered: sample.answered });

// Ask how far the sample is, and open it where it is not done and nobody put it off.
export async function askBlind() {
  sample = await waited(fetchBlind(), "Loading…");
  isAsking = isAsking || (isLeft() && !settings.later);
}

// Show the photo that is asked for. `names` are the classes, `next` is the command that comes after the sample.
export function showBlind(names, next, around) {
  [classes, page] = [names, around];
  $("ask-blind").hidden = !isLeft();
  $("sights").hidden = false;
  for (const id of ["none", "unclear", "later"]) $(id).hidden = !isLeft();
  $("find").hidden = !isLeft() || classes.length <= KEYS;
  $("sampled").hidden = isLeft();
  if (isLeft()) showPhoto();
  else showDone(next);
  $("left").textContent = `Blind sample: ${number(sample.answered)} of ${number(sample.drawn)}`;
  $("progress").max = sample.drawn || 1;
  $("progress").value = sample.answered;
}

// The button that takes the sample up again.
export function showTaken() {
  $("sights").hidden = true;
  $("sample").hidden = isAsking || !isLeft();
  $("sample").textContent = `Blind sample: ${number(sample.answered)} of ${number(sample.drawn)}`;
}

function showPhoto() {
  const [id, ...ahead] = sample.photos;
  if ($("blind").dataset.id !== id) {
    $("blind").dataset.id = id;
    $("unlabelled").src = photoAddress(id);
    $("ask-blind").scrollTop = $("main").scrollTop = 0;
  }
  for (const next of ahead) new Image().src = photoAddress(next);
  if ($("names").childElementCount !== classes.length) $("names").replaceChildren(...classes.map(nameButton));
}

function nameButton(name, place) {
  const keys = place < KEYS ? { "aria-keyshortcuts": `${place + 1}`, "data-key": `${place + 1}` } : {};
  const button = element("button", { type: "button", ...keys }, name);
  button.addEventListener("click", () => answer("class", name));
  return button;
}

function showDone(next) {
  delete $("blind").dataset.id;
  const wrong = sample.corrections.length;
  const on = button("Go on to the review", () => later());
  const right = button(`Put ${plural(wrong, "label")} right`, () => alone(putRight));
  $("sampled").replaceChildren(
    element("h2", {}, "The blind sample is done. Thank you!"),
    element("p", {}, "How often the model and the labels are right is told by: ", element("code", {}, next)),
    ...(wrong ? [element("p", {}, otherLabels(wrong)), right] : []),
    on,
  );
}

const otherLabels = (count) =>
  `${plural(count, "photo")} stand${count === 1 ? "s" : ""} under another label than was seen. That is counted already: ` +
  "putting them right changes no figure of the sample, and one undo takes it back.";

function button(words, onClick) {
  const made = element("button", { type: "button" }, words);
  made.addEventListener("click", onClick);
  return made;
}

async function putRight() {
  const { corrections } = sample;
  await waited(decide(corrections, personName()), "Saving…");
  isAsking = false;
  await page.load();
  say(`Put ${plural(corrections.length, "label")} right as seen in the blind sample; undo takes that back.`);
}

function answer(seen, label = null) {
  const [photo] = sample.photos;
  if (isBusy() || !photo) return undefined;
  return alone(async () => {
    sample = await waited(answerBlind(photo, seen, label, personName()), "Saving…");
    page.show();
    say(`Saved: ${label ?? DONE[seen]}; undo takes that back.`);
  });
}

const takeBack = () =>
  alone(async () => {
    const { undone, ...now } = await waited(undoBlind(personName()), "Undoing…");
    sample = now;
    page.show();
    if (undone) say("Undone: here is the photo again.");
    else say(`There is nothing to undo for ${personName()}.`, "wrong");
  });

async function find() {
  if (isBusy() || !isLeft()) return;
  const label = await pickClass(classes);
  if (label !== null) await answer("class", label);
}

// Go to the list, which is only asked for now; where that fails, the sample stays open.
const later = () =>
  afterwards(async () => {
    isAsking = false;
    if (isLeft()) skipSample(true);
    say("");
    await page.load().catch((error) => {
      takeUp();
      throw error;
    });
  });

export function takeUp() {
  isAsking = true;
  skipSample(false);
}

export const blindActions = {
  none: () => answer("none"),
  unclear: () => answer("unclear"),
  undo: takeBack,
  later,
  find,
  help: () => $("help").showModal(),
  ...Object.fromEntries(
    Array.from({ length: KEYS }, (_, place) => [`class${place + 1}`, () => classes[place] && answer("class", classes[place])]),
  ),
};

for (const [id, name] of [["none", "none"], ["unclear", "unclear"], ["take-back", "undo"], ["later", "later"], ["find", "find"]]) {
  $(id).addEventListener("click", () => blindActions[name]());
}
