/** The recognizer page: one photo in, one answer out. Another photo abandons the one before. */
import "./page.js";
import { renderAnswer } from "./answer.js";
import { chooseAnswerer } from "./answerer.js";
import { showComparison, showNoComparison } from "./comparison.js";
import { showExamples } from "./examples.js";
import { hidePassing, showPassing } from "./passing.js";
import { watchPhotos } from "./photo-input.js";
import { once, pause } from "./patience.js";
import { megabytes, onePhoto, readyToSend } from "./photo.js";
import { showPreview } from "./preview.js";
import { SpaceError } from "./space-error.js";
import { Status } from "./status.js";
import { sayWho } from "./who.js";
import { spoken } from "./words.js";

const CONNECTING = ["connecting", "waking", "loading"];
const SLOW_MS = 5000;
const ABOUT_MS = 3000;

const answer = document.getElementById("answer");
const kept = document.getElementById("kept");
let choose = () => {};
const status = new Status(document.getElementById("status"), () => run(), () => choose());
let answerer = null;
let here = false; // whether this browser answers, and no Space
let photo = null;
let turn = new AbortController();
let about = null; // what the Space says of itself; a promise, since an answer is worded by it

function start() {
  try {
    const chosen = chooseAnswerer(location.search);
    answerer = chosen.answerer;
    here = chosen.address === null;
    sayWho(chosen);
  } catch (error) {
    if (!(error instanceof SpaceError)) throw error;
    status.show("closed", error);
    return;
  }
  choose = watchPhotos(take);
  document.getElementById("clear").addEventListener("click", clear);
  run();
}

/** What is no photo changes nothing: the photo and the answer that are there stay. */
async function take(files) {
  let chosen;
  try {
    chosen = onePhoto(files);
  } catch (error) {
    showPassing(error);
    return;
  }
  hidePassing();
  putAway();
  status.show("loading", { key: "site.loading" });
  photo = chosen;
  const shown = await showPreview(chosen, here); // decoded before anything scrolls
  if (photo !== chosen) return;
  if (here && !shown) status.show("refused", { key: "here.unreadable" });
  else run();
}

function putAway() {
  turn.abort();
  answer.hidden = true;
  kept.hidden = true;
}

async function clear() {
  putAway();
  photo = null;
  await showPreview(null, here);
  document.getElementById("choose").focus();
  run();
}

async function run() {
  turn.abort();
  turn = new AbortController();
  const { signal } = turn;
  const show = (state, key, values) => signal.aborted || status.show(state, { key, values });
  try {
    await Promise.all([spoken(), connect(show)]);
    about ??= compare();
    if (photo) await recognize(photo, signal, show);
    else show("ready", "site.ready");
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

async function connect(show) {
  show("connecting", here ? "site.loading" : "site.connecting");
  const slow = setTimeout(() => !here && status.state === "connecting" && show("waking", "site.slow"), SLOW_MS);
  try {
    await answerer.connect((...progress) => CONNECTING.includes(status.state) && showProgress(...progress));
  } finally {
    clearTimeout(slow);
  }
}

/** @param {number} [received] bytes of the model out of `total`, 0 where it is not told; a Space that wakes up has none */
function showProgress(received, total) {
  const values = { received: megabytes(received), total: megabytes(total) };
  if (received === undefined) status.show("waking", { key: "site.waking" });
  else status.show("loading", { key: total ? "here.downloading" : "here.downloading_some", values });
}

async function compare() {
  try {
    const told = await answerer.about();
    showComparison(told);
    showExamples(told.examples ?? [], take);
    return told;
  } catch {
    about = null;
    showNoComparison(here);
    return {};
  }
}

async function recognize(file, signal, show) {
  show("sending", here ? "here.comparing" : "site.sending");
  const { photo: ready, cleaned } = here ? { photo: file, cleaned: true } : await readyToSend(file);
  signal.throwIfAborted();
  kept.hidden = cleaned;
  const found = await answerer.predict(ready, signal, (queue) => show("waiting", ...queueWords(queue)));
  const told = (await Promise.race([about, pause(ABOUT_MS)])) ?? {};
  signal.throwIfAborted();
  const headline = renderAnswer(answer, found, told, once(() => explain(ready, signal)));
  answer.hidden = false;
  status.show("answer", headline);
  bringIntoView();
}

async function explain(file, signal) {
  const [{ evidence }, photo] = await Promise.all([answerer.explain(file, signal), createImageBitmap(file)]);
  return { evidence, photo };
}

/** On a phone the answer opens below the photo. */
function bringIntoView() {
  if (answer.getBoundingClientRect().top > innerHeight / 2) answer.scrollIntoView({ block: "start" });
}

function queueWords({ position }) {
  return position ? ["site.queue", { count: position }] : [here ? "here.comparing" : "site.waiting"];
}

function fail(error) {
  const expected = error instanceof SpaceError;
  const told = expected ? error : new SpaceError("site.page_error", { message: error.message });
  status.show(error.ofPhoto ? "refused" : "failed", told);
  if (!expected) reportError(error);
}

start();
