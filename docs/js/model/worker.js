/**
 * Runs the network apart from the page, so that the page stays quick.
 *
 * In: {model: {network: {address, sha256}, faces: the same or null, size}} once, then {id, file} for each photo. Out: {progress: {received, total}},
 * {ready: true}, {id, probabilities, energy, evidence}, or {id, logits, evidence} of several outputs; where it fails, {failed} or {id, failed}, a key of the words.
 */
import * as ort from "../../vendor/ort.wasm.min.mjs";
import { fetchKept } from "./download.js";
import { countFaces } from "./faces.js";
import { PhotoError, pixelsOf, uprightPicture } from "./pixels.js";

const VENDOR = new URL("../../vendor/", import.meta.url).href;
const TOLD = ["download_failed", "download_broken"];
let opening = null;

onmessage = async ({ data: { model, id, file } }) => {
  try {
    if (model) {
      opening = open(model);
      await opening;
      postMessage({ ready: true });
    } else {
      postMessage({ id, ...(await predict(await opening, file)) });
    }
  } catch (error) {
    postMessage({ id, failed: keyOf(error), count: error.count, detail: String(error) });
  }
};

/** A photo that is not of one face, where the answers are about such photos. */
class FacesError extends PhotoError {
  constructor(count) {
    super(count ? "several_faces" : "no_face");
    this.count = count;
  }
}

async function open({ network, faces, size }) {
  ort.env.wasm.numThreads = 1; // more need headers that a static host does not send
  ort.env.wasm.wasmPaths = VENDOR;
  return { session: await sessionOf(network), finder: faces && (await sessionOf(faces)), size };
}

async function sessionOf({ address, sha256 }) {
  const bytes = await fetchKept(address, sha256, (received, total) => postMessage({ progress: { received, total } }));
  return ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
}

async function predict({ session, finder, size }, file) {
  const picture = await uprightPicture(file);
  if (finder) await mustShowOneFace(finder, picture);
  const pixels = new ort.Tensor("float32", pixelsOf(picture, size), [1, 3, size, size]);
  const { probabilities, energy, evidence, logits } = await session.run({ pixels });
  if (logits) return { logits: Array.from(logits.data), evidence: evidence && rowsOf(evidence) };
  return { probabilities: Array.from(probabilities.data), energy: energy.data[0], evidence: rowsOf(evidence) };
}

async function mustShowOneFace(finder, picture) {
  const run = async (pixels, width, height) => {
    const given = await finder.run({ [finder.inputNames[0]]: new ort.Tensor("float32", pixels, [1, 3, height, width]) });
    return finder.outputNames.map((name) => given[name]);
  };
  const count = await countFaces(run, picture);
  if (count !== 1) throw new FacesError(count);
}

/** @returns {number[][][]} for each class, or each logit, its rows */
function rowsOf({ data, dims: [, classes, height, width] }) {
  const row = (at) => Array.from(data.subarray(at * width, (at + 1) * width));
  return Array.from({ length: classes }, (_, one) => Array.from({ length: height }, (_, y) => row(one * height + y)));
}

function keyOf(error) {
  if (error instanceof PhotoError || TOLD.includes(error.message)) return error.message;
  return "failed";
}
