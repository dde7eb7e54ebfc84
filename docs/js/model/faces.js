/** How many faces a picture shows, by the network and the rules of recognizer/faces/detector.py. */
import { BILINEAR, resize } from "./resample.js";

const SMALL = 224; // pixels, the longer side at which a face may fill the picture
const LARGE = 640; // pixels, the longest side at which faces in a crowd are found
const MULTIPLE = 32; // pixels, of both sides
const THRESHOLD = 0.5; // score from which a face counts
const OVERLAP = 0.3; // of two boxes, intersection over union, above which they are one face

/**
 * @param {(pixels: Float32Array, width: number, height: number) => Promise<object[]>} run gives the network's outputs:
 *   scores, sizes and offsets, each with `data` and `dims`
 * @param {{width: number, height: number, data: Uint8ClampedArray}} picture RGBA
 * @returns {Promise<number>}
 */
export async function countFaces(run, picture) {
  const sides = new Set([SMALL, Math.min(Math.max(picture.width, picture.height, SMALL), LARGE)]);
  const boxes = [];
  for (const side of sides) boxes.push(...(await findAt(run, picture, side)));
  return eachOnce(boxes.sort((one, other) => other.score - one.score)).length;
}

/** @returns the boxes found where the longer side is so many pixels, as shares of the picture's sides */
async function findAt(run, picture, side) {
  const scale = side / Math.max(picture.width, picture.height) / MULTIPLE;
  const [width, height] = [picture.width, picture.height].map((length) => Math.max(1, roundToEven(length * scale)) * MULTIPLE);
  const [heat, sizes, offsets] = await run(channels(resize(picture, width, height, BILINEAR)), width, height);
  const [rows, columns] = heat.dims.slice(2);
  const found = [];
  for (let at = 0; at < rows * columns; at++) {
    if (heat.data[at] >= THRESHOLD) found.push(boxAt(at, rows, columns, heat, sizes, offsets));
  }
  return found;
}

function boxAt(at, rows, columns, heat, sizes, offsets) {
  const places = rows * columns;
  const down = Math.floor(at / columns) + offsets.data[at] + 0.5;
  const right = (at % columns) + offsets.data[places + at] + 0.5;
  const half = { down: Math.exp(sizes.data[at]) / 2, right: Math.exp(sizes.data[places + at]) / 2 };
  return {
    score: heat.data[at],
    left: share(right - half.right, columns),
    right: share(right + half.right, columns),
    top: share(down - half.down, rows),
    bottom: share(down + half.down, rows),
  };
}

function share(place, places) {
  return Math.min(Math.max(place / places, 0), 1);
}

/** Leaves of boxes that overlap only the first. */
function eachOnce(boxes) {
  const kept = [];
  for (const box of boxes) if (kept.every((other) => overlap(box, other) < OVERLAP)) kept.push(box);
  return kept;
}

function overlap(one, other) {
  const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  const common = Math.max(across, 0) * Math.max(down, 0);
  return common / Math.max(area(one) + area(other) - common, 1e-12);
}

function area({ left, right, top, bottom }) {
  return (right - left) * (bottom - top);
}

/** @returns {Float32Array} (3, height, width), from 0 to 255 */
function channels({ width, height, data }) {
  const count = width * height;
  const values = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) for (let channel = 0; channel < 3; channel++) values[channel * count + i] = data[i * 4 + channel];
  return values;
}

/** Rounds as Python does. */
function roundToEven(number) {
  const low = Math.floor(number);
  if (number - low !== 0.5) return Math.round(number);
  return low % 2 ? low + 1 : low;
}
