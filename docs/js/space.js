/** The Space, through the official Gradio client: connect, /predict and /about. */
import { within } from "./patience.js";
import { SpaceError } from "./space-error.js";
import { connectPatiently } from "./waking.js";

const CONNECT_MS = 60 * 1000;
const SILENCE_MS = 3 * 60 * 1000;
const SILENT = "The Space has said nothing for three minutes.";
const UNTOLD = [undefined, null, "", "An error occurred"];
const OPTIONS = { events: ["data", "status"], record_history: false };

export class Space {
  #reference;
  #client = null;

  /** @param {string} reference a Space id or an app's address */
  constructor(reference) {
    this.#reference = reference;
  }

  /**
   * Gets a connection ready; the next question uses it. A failed one is forgotten, so that the next call tries anew.
   *
   * @param {() => void} onWaking called when the Space turns out to be asleep
   * @throws {SpaceError}
   */
  connect(onWaking) {
    this.#client ??= connectPatiently(this.#reference, () => connectOnce(this.#reference), onWaking).catch((error) => {
      this.#client = null;
      throw error;
    });
    return this.#client;
  }

  /**
   * @param {Blob} photo
   * @param {AbortSignal} signal gives the answer up
   * @param {(status: {stage: string, position?: number}) => void} onStatus how the queue moves
   * @returns {Promise<{label: string, confidences: {label: string, confidence: number}[]}>} Gradio's Label form
   * @throws {SpaceError}
   */
  async predict(photo, signal, onStatus) {
    const label = await this.#ask("/predict", [photo], signal, onStatus);
    if (typeof label?.label !== "string" || !Array.isArray(label.confidences)) {
      throw new SpaceError("The Space gave an answer that this page cannot read.");
    }
    return label;
  }

  /**
   * @returns {Promise<object>} what the Space says about its classes and its accuracy
   * @throws {Error} where it says nothing
   */
  async about() {
    const facts = await this.#ask("/about", [], new AbortController().signal, () => {});
    if (!Array.isArray(facts?.classes)) throw new SpaceError("The Space does not say what it compares with.");
    return facts;
  }

  // Each question has a connection of its own: Gradio ends a connection's stream with the last answer it knows of, and a
  // question asked in that moment would never be answered. Closing the connection takes an abandoned question back.
  async #ask(endpoint, inputs, signal, onStatus) {
    const connecting = this.connect(() => {});
    this.#client = null;
    const client = await connecting;
    try {
      return await answerOf(client.submit(endpoint, inputs), signal, onStatus);
    } catch (error) {
      client.close();
      throw error;
    }
  }
}

async function connectOnce(reference) {
  const { Client } = await import("@gradio/client").catch((cause) => {
    throw new SpaceError("A part of this page is missing: vendor/gradio-client.js.", { cause });
  });
  const client = await within(Client.connect(reference, { ...OPTIONS }), CONNECT_MS, `${reference} does not answer.`);
  if (!client.api_info?.named_endpoints["/predict"]) {
    throw new SpaceError(`${reference} answers, but it is no recognizer: it offers no /predict.`);
  }
  return client;
}

async function answerOf(job, signal, onStatus) {
  signal.throwIfAborted();
  let answer;
  for (;;) {
    const { value, done } = await unlessAborted(within(job.next(), SILENCE_MS, SILENT), signal);
    if (value?.type === "data") answer = value.data[0];
    if (done || value.stage === "complete") return answer;
    if (value.type === "status") onStatus(failOnError(value));
  }
}

function unlessAborted(promise, signal) {
  const aborted = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  return Promise.race([promise, aborted]);
}

function failOnError(status) {
  if (status.stage !== "error") return status;
  const words = UNTOLD.includes(status.message) ? "The Space failed on this and did not say why." : String(status.message);
  const broken = status.broken || words.startsWith("Connection errored out");
  throw new SpaceError(broken ? "The connection to the Space broke." : words.trim());
}
