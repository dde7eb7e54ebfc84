/** The one place that says what is going on: words in a live region, seconds, and a way to try again. */

const COUNTED = ["waking", "waiting"];
const ONE_WAIT = ["connecting", "waking"];
const COUNT_AFTER_S = 5;

export class Status {
  #box;
  #words;
  #elapsed;
  #retry;
  #since = 0;

  /**
   * @param {HTMLElement} box
   * @param {() => void} onRetry
   */
  constructor(box, onRetry) {
    this.#box = box;
    this.#words = box.querySelector(".words");
    this.#elapsed = box.querySelector(".elapsed");
    this.#retry = box.querySelector(".retry");
    this.#retry.addEventListener("click", onRetry);
    setInterval(() => this.#count(), 1000);
  }

  get state() {
    return this.#box.dataset.state;
  }

  /**
   * @param {string} state loading, connecting, waking, ready, sending, waiting, answer, refused or failed
   * @param {string} words one sentence for the visitor
   */
  show(state, words) {
    const goesOn = state === this.state || (ONE_WAIT.includes(state) && ONE_WAIT.includes(this.state));
    if (!goesOn) this.#since = performance.now();
    this.#box.dataset.state = state;
    if (this.#words.textContent !== words) this.#words.textContent = words;
    this.#retry.hidden = state !== "failed";
    this.#count();
  }

  // Outside the live region: a screen reader must not read every second aloud.
  #count() {
    const seconds = Math.floor((performance.now() - this.#since) / 1000);
    this.#elapsed.hidden = !COUNTED.includes(this.state) || seconds < COUNT_AFTER_S;
    this.#elapsed.textContent = `${seconds} seconds so far`;
  }
}
