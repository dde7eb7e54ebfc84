/** A classifier in this browser, with the methods of `Space`: the photo never leaves the device. */
import { STALLED_MS, within } from "../patience.js";
import { SpaceError } from "../space-error.js";
import { labelForm } from "./label-form.js";
import { grounds, readings } from "./readings.js";

const NETWORK = "model.fp16.onnx";
const FACES = "faces.onnx";
const PAGES = { how: "how.html", data: "data.html" }; // of several outputs, beside this page
const OF_PHOTO = ["unreadable", "too_many_pixels", "no_face", "several_faces"]; // the same photo would fail again

export class BrowserModel {
  #folder;
  #worker = null;
  #ready = null;
  #facts = null;
  #asked = new Map();
  #lastId = 0;
  #onProgress = () => {};

  /** @param {string} folder address of the model's folder, with a slash at the end */
  constructor(folder) {
    this.#folder = new URL(folder, document.baseURI).href;
    navigator.serviceWorker?.register("sw.js").catch(() => {}); // without it, it only does not work offline
  }

  /**
   * Loads the model, once; a failed try is forgotten, so that the next call tries anew.
   *
   * @param {(received: number, total: number) => void} onProgress of the download, in bytes
   * @throws {SpaceError}
   */
  connect(onProgress) {
    this.#onProgress = onProgress;
    this.#ready ??= this.#open().catch((error) => {
      this.close();
      throw error;
    });
    return this.#ready;
  }

  /**
   * @param {Blob} photo
   * @param {AbortSignal} signal gives the answer up
   * @returns {Promise<{label: string, confidences: {label: string, confidence: number}[]} | {outputs: object}>}
   *   Gradio's Label form, or of several outputs what each says
   * @throws {SpaceError}
   */
  async predict(photo, signal) {
    const { evidence: _, ...label } = await this.explain(photo, signal);
    return label;
  }

  /**
   * @returns {Promise<object>} the same, and `evidence`: name of a class to rows of what each place adds to its logit, or
   *   name of an output to rows of what speaks for its answer
   */
  async explain(photo, signal) {
    await this.connect(this.#onProgress);
    const output = await Promise.race([this.#ask(photo), aborted(signal)]);
    if (output.logits) {
      const evidence = output.evidence && grounds(this.#facts, output.logits, output.evidence);
      return { outputs: readings(this.#facts, output.logits), evidence };
    }
    const named = this.#facts.classes.map(({ name }, at) => [name, output.evidence[at]]);
    return { ...labelForm(this.#facts, output), evidence: Object.fromEntries(named) };
  }

  /** @returns {Promise<object>} what the model's folder says of it, as a Space's /about does */
  async about() {
    await this.connect(this.#onProgress);
    const { metrics, examples = [], ...facts } = this.#facts;
    const found = examples.map((example) => ({ ...example, file: this.#folder + example.file }));
    return { ...facts, ...metrics, training_faces: facts.recipe.train.faces, examples: found, pages: facts.outputs && PAGES };
  }

  /** Gives the memory back. */
  close() {
    this.#worker?.terminate();
    this.#worker = this.#ready = null;
    this.#asked.clear();
  }

  async #open() {
    this.#facts = await this.#readFacts();
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    await new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => this.#hear(data, resolve, reject);
      this.#worker.onerror = () => reject(new SpaceError("here.failed"));
      const { size } = this.#facts.preprocessing;
      this.#worker.postMessage({ model: { network: this.#file(NETWORK), faces: this.#file(FACES), size } });
    });
  }

  /** Where a file of the model's is, and its sha256; null where there is none. */
  #file(name) {
    const sha256 = this.#facts.sha256[name];
    return sha256 ? { address: this.#folder + name, sha256 } : null;
  }

  async #readFacts() {
    const failed = new SpaceError("here.download_failed");
    const response = await within(fetch(`${this.#folder}model.json`), STALLED_MS, failed).catch(() => null);
    if (!response?.ok) throw failed;
    return within(response.json(), STALLED_MS, failed).catch(() => Promise.reject(failed));
  }

  #hear({ progress, ready, id, failed, count, ...output }, resolve, reject) {
    if (progress) return this.#onProgress(progress.received, progress.total);
    if (ready) return resolve();
    const error = failed && new SpaceError(`here.${failed}`, { count }, { ofPhoto: OF_PHOTO.includes(failed) });
    if (id === undefined) return reject(error);
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    return failed ? asked?.reject(error) : asked?.resolve(output);
  }

  #ask(file) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#worker.postMessage({ id, file });
    });
  }
}

function aborted(signal) {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
