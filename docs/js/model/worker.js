/**
 * Runs the network apart from the page, so that the page stays quick.
 *
 * In: {model: {address, sha256, size}} once, then {id, file} for each photo. Out: {progress: {received, total}},
 * {ready: true}, {id, probabilities, energy, evidence}; where it fails, {failed} or {id, failed}, a key of the words.
 */
import * as ort from "../../vendor/ort.wasm.min.mjs";
import { fetchKept } from "./download.js";
import { networkPixels, PhotoError } from "./pixels.js";

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
    postMessage({ id, failed: keyOf(error), detail: String(error) });
  }
};

async function open({ address, sha256, size }) {
  ort.env.wasm.numThreads = 1; // more need headers that a static host does not send
  ort.env.wasm.wasmPaths = VENDOR;
  const bytes = await fetchKept(address, sha256, (received, total) => postMessage({ progress: { received, total } }));
  return { session: await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] }), size };
}

async function predict({ session, size }, file) {
  const pixels = new ort.Tensor("float32", await networkPixels(file, size), [1, 3, size, size]);
  const { probabilities, energy, evidence } = await session.run({ pixels });
  return { probabilities: Array.from(probabilities.data), energy: energy.data[0], evidence: rowsOf(evidence) };
}

/** @returns {number[][][]} for each class its rows */
function rowsOf({ data, dims: [, classes, height, width] }) {
  const row = (at) => Array.from(data.subarray(at * width, (at + 1) * width));
  return Array.from({ length: classes }, (_, one) => Array.from({ length: height }, (_, y) => row(one * height + y)));
}

function keyOf(error) {
  if (error instanceof PhotoError || TOLD.includes(error.message)) return error.message;
  return "failed";
}
