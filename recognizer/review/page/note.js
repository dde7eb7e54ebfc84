// The note of what was done, and one thing at a time.

import { $ } from "./dom.js";

const SLOW = 300; // milliseconds, after which it is said that an answer is waited for
let running; // a choice under way: what is pressed meanwhile is about a photo that nobody has seen yet

export const isBusy = () => running !== undefined;

// Run one thing at a time, and say what went wrong; what comes meanwhile is left out.
export function alone(work) {
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
export async function afterwards(work) {
  while (running) await running;
  return alone(work);
}

// Wait for the server; where it takes long, say so meanwhile.
export async function waited(asking, words) {
  const { textContent: before, dataset: { kind } } = $("note");
  const late = setTimeout(() => say(words, "waiting"), SLOW);
  try {
    return await asking;
  } finally {
    clearTimeout(late);
    if ($("note").dataset.kind === "waiting") say(before, kind);
  }
}

export function say(words, kind = "done") {
  $("note").textContent = words;
  $("note").dataset.kind = kind;
}
