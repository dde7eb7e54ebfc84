/** The recognizer page: one photo in, one answer out. Another photo abandons the one before. */
import "./links.js";
import { headline, renderAnswer } from "./answer.js";
import { showComparison, showNoComparison } from "./comparison.js";
import { watchPhotos } from "./photo-input.js";
import { pause } from "./patience.js";
import { onePhoto, readyToSend } from "./photo.js";
import { showPreview } from "./preview.js";
import { spaceAddress } from "./space-address.js";
import { SpaceError } from "./space-error.js";
import { Space } from "./space.js";
import { Status } from "./status.js";

const CONNECTING = ["connecting", "waking"];
const SLOW_MS = 5000;
const ABOUT_MS = 3000;
const WAKING = "The Space is waking up. This may take a minute or two; your photo waits here.";
const SLOW = "The Space has not answered yet. If it is asleep, waking it may take a minute or two.";

const chooser = document.getElementById("file");
const answer = document.getElementById("answer");
const status = new Status(document.getElementById("status"), () => run());
let space = null;
let photo = null;
let turn = new AbortController();
let about = null; // what the Space says of itself; a promise, since an answer is worded by it

function start() {
  try {
    const address = spaceAddress(location.search);
    nameSpace(address);
    space = new Space(address.reference);
  } catch (error) {
    status.show("refused", error.message);
    chooser.disabled = true;
    return;
  }
  watchPhotos(chooser, document.getElementById("drop"), take);
  run();
}

function nameSpace({ reference, page, overridden }) {
  const line = document.getElementById("which-space");
  const link = document.createElement("a");
  link.href = page;
  link.rel = "noreferrer";
  link.textContent = reference;
  line.append(overridden ? "This page’s address names another Space. Photos go to " : "Answers come from the Space ", link);
  line.classList.toggle("overridden", overridden);
  line.hidden = false;
}

function take(files) {
  turn.abort();
  answer.hidden = true;
  try {
    photo = onePhoto(files);
  } catch (error) {
    photo = null;
    status.show("refused", error.message);
  }
  showPreview(photo);
  if (photo) run();
}

async function run() {
  turn.abort();
  turn = new AbortController();
  const { signal } = turn;
  const show = (state, words) => signal.aborted || status.show(state, words);
  try {
    await connect(show);
    about ??= compare();
    if (photo) await recognize(photo, signal, show);
    else show("ready", "Ready for a photo.");
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

async function connect(show) {
  show("connecting", "Connecting to the Space…");
  const slow = setTimeout(() => status.state === "connecting" && show("waking", SLOW), SLOW_MS);
  try {
    await space.connect(() => CONNECTING.includes(status.state) && status.show("waking", WAKING));
  } finally {
    clearTimeout(slow);
  }
}

async function compare() {
  try {
    const told = await space.about();
    showComparison(told);
    return told;
  } catch {
    about = null;
    showNoComparison();
    return {};
  }
}

async function recognize(file, signal, show) {
  show("sending", "Sending the photo…");
  const label = await space.predict(await readyToSend(file), signal, (queue) => show("waiting", queueWords(queue)));
  const told = (await Promise.race([about, pause(ABOUT_MS)])) ?? {};
  signal.throwIfAborted();
  renderAnswer(answer, label, told);
  answer.hidden = false;
  answer.scrollIntoView({ block: "nearest" }); // on a phone it would open below the photo, out of sight
  show("answer", headline(label, told));
}

function queueWords({ position }) {
  if (!position) return "Waiting for the answer…";
  return position === 1 ? "Waiting: one photo is before yours." : `Waiting: ${position} photos are before yours.`;
}

function fail(error) {
  const expected = error instanceof SpaceError;
  status.show("failed", expected ? error.message : `Something in this page went wrong: ${error.message}`);
  if (!expected) reportError(error);
}

start();
