/** The Space, through the official Gradio client: connect, /predict and /about. */
import { within } from "./patience.js";
import { SpaceError } from "./space-error.js";
import { connectPatiently } from "./waking.js";

const CONNECT_MS = 60 * 1000;
const SILENCE_MS = 3 * 60 * 1000;
const UNTOLD = [undefined, null, "", "An error occurred"];
const OF_PHOTO = "Photo"; // the title of an error that is the photo's own
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
   * @returns {Promise<{label: string, far?: boolean, confidences: {label: string, confidence: number}[]} | {outputs: object}>}
   *   Gradio's Label form, with `far` of no earlier Space, or of several outputs what each says
   * @throws {SpaceError}
   */
  async predict(photo, signal, onStatus) {
    const told = await this.#ask("/predict", uploaded(photo), signal, onStatus);
    if (typeof told?.label === "string" && Array.isArray(told.confidences)) return told;
    if (!areReadings(told)) throw new SpaceError("site.unreadable");
    return { outputs: told };
  }

  /**
   * @param {Blob} photo
   * @param {AbortSignal} signal gives the answer up
   * @returns {Promise<object>} the same, and `evidence`: name of a class to rows of what each place adds to its logit, or
   *   name of an output to rows of what speaks for its answer
   * @throws {SpaceError} where the Space does not tell, as earlier ones do not
   */
  async explain(photo, signal) {
    const explained = await this.#ask("/explain", uploaded(photo), signal, () => {});
    if (!explained?.evidence) throw new SpaceError("site.unreadable");
    return explained;
  }

  /**
   * @returns {Promise<object>} what the Space says about its classes or outputs and how well it does; its examples and
   *   its pages with their addresses
   * @throws {Error} where it says nothing
   */
  async about() {
    let root;
    const nothing = (client) => {
      root = client.config.root;
      return [];
    };
    const facts = await this.#ask("/about", nothing, new AbortController().signal, () => {});
    if (!Array.isArray(facts?.classes ?? facts?.outputs)) throw new SpaceError("site.says_nothing");
    return { ...facts, examples: located(facts.examples, `${root}/`), pages: addressed(facts.pages, `${root}/`) };
  }

  // Each question has a connection of its own: Gradio ends a connection's stream with the last answer it knows of, and a
  // question asked in that moment would never be answered. Closing the connection takes an abandoned question back.
  async #ask(endpoint, inputs, signal, onStatus) {
    const connecting = this.connect(() => {});
    this.#client = null;
    const client = await connecting;
    try {
      signal.throwIfAborted();
      return await answerOf(client.submit(endpoint, await inputs(client)), signal, onStatus);
    } catch (error) {
      client.close();
      throw error;
    }
  }
}

async function connectOnce(reference) {
  const { Client } = await import("@gradio/client").catch((cause) => {
    throw new SpaceError("site.part_missing", { file: "vendor/gradio-client.js" }, { cause });
  });
  const silent = new SpaceError("site.no_answer", { space: reference });
  const client = await within(Client.connect(reference, { ...OPTIONS }), CONNECT_MS, silent);
  if (!client.api_info?.named_endpoints["/predict"]) throw new SpaceError("site.no_recognizer", { space: reference });
  return client;
}

function uploaded(photo) {
  return async (client) => [await upload(client, photo)];
}

/** Uploads a photo; Gradio's own `submit` would ask without one where the upload is refused. */
async function upload(client, photo) {
  const { files, error } = await client.upload_files(client.config.root, [photo]).catch((cause) => {
    throw new SpaceError("site.broken", {}, { cause });
  });
  if (!files) throw SpaceError.quoting(error.match(/"detail": *"([^"]+)"/)?.[1] ?? error);
  return { path: files[0], meta: { _type: "gradio.FileData" } };
}

/** Only what the Space itself serves is an example. */
function located(examples, root) {
  if (!Array.isArray(examples)) return [];
  const found = examples.map((example) => ({ ...example, file: new URL(example.file, root) }));
  return found.filter(({ file }) => file.href.startsWith(root));
}

/** Only what the Space itself serves is a page of it. */
function addressed(pages, root) {
  const found = Object.entries(pages ?? {}).map(([name, page]) => [name, new URL(page, root).href]);
  return Object.fromEntries(found.filter(([, address]) => address.startsWith(root)));
}

function areReadings(told) {
  const readings = Object.values(told ?? {});
  return readings.length > 0 && readings.every((one) => one?.kind === "number" || typeof one?.probabilities === "object");
}

async function answerOf(job, signal, onStatus) {
  signal.throwIfAborted();
  let answer;
  for (;;) {
    const { value, done } = await unlessAborted(within(job.next(), SILENCE_MS, new SpaceError("site.silent")), signal);
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
  if (UNTOLD.includes(status.message)) throw new SpaceError("site.untold");
  const said = String(status.message).trim();
  if (status.broken || said.startsWith("Connection errored out")) throw new SpaceError("site.broken");
  throw SpaceError.quoting(said, { ofPhoto: status.title === OF_PHOTO });
}
