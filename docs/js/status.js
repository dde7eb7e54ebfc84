/** The one place that says what is going on: words in a live region, seconds, and what to do about a failure. */
import { put, tell } from "./words.js";

const COUNTED = ["waking", "waiting"];
const ONE_WAIT = ["connecting", "waking"];
const IN_VIEW = ["sending", "waiting", "refused", "failed"];
const COUNT_AFTER_S = 5;

export class Status {
  #box;
  #words;
  #elapsed;
  #since = 0;

  /**
   * @param {HTMLElement} box
   * @param {() => void} onRetry
   * @param {() => void} onAnother another photo is wanted
   */
  constructor(box, onRetry, onAnother) {
    this.#box = box;
    this.#words = box.querySelector(".words");
    this.#elapsed = box.querySelector(".elapsed");
    box.querySelector(".retry").addEventListener("click", onRetry);
    box.querySelector(".another").addEventListener("click", onAnother);
    setInterval(() => this.#count(), 1000);
  }

  get state() {
    return this.#box.dataset.state;
  }

  /**
   * @param {string} state loading, connecting, waking, ready, sending, waiting, answer; refused: the photo, for good;
   *   failed: may be tried again; closed: nobody answers here
   * @param {{key?: string, values?: object, said?: string}} told one sentence for the visitor, see `tell`
   */
  show(state, told) {
    const goesOn = state === this.state || (ONE_WAIT.includes(state) && ONE_WAIT.includes(this.state));
    if (!goesOn) this.#since = performance.now();
    this.#box.dataset.state = state;
    const focused = this.#box.querySelector("button:focus");
    tell(this.#words, told);
    this.#box.querySelector(".retry").hidden = state !== "failed";
    this.#box.querySelector(".another").hidden = state !== "refused";
    if (focused?.hidden) this.#words.focus({ preventScroll: true }); // a keyboard goes on from there
    this.#count();
    if (IN_VIEW.includes(state)) this.#box.scrollIntoView({ block: "nearest" });
  }

  // Outside the live region: a screen reader must not read every second aloud.
  #count() {
    const seconds = Math.floor((performance.now() - this.#since) / 1000);
    this.#elapsed.hidden = !COUNTED.includes(this.state) || seconds < COUNT_AFTER_S;
    put(this.#elapsed, "site.seconds", { count: seconds });
  }
}
