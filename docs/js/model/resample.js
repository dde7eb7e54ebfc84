/**
 * Scales pictures as Pillow does, to its 8-bit rounding, so that a network sees here what it learned from.
 *
 * A picture is {width, height, data}: RGBA bytes, row by row. Alpha is not looked at.
 */

const PRECISION_BITS = 22; // as in Pillow's Resample.c: weights are whole numbers of so many bits

/** How much a pixel counts by its distance from the middle, and how far a filter reaches. */
export const BILINEAR = { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) };
export const LANCZOS = { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) };

/** @returns the picture at another size; along an axis that keeps its size nothing changes */
export function resize(picture, width, height, filter) {
  const narrow = width === picture.width ? picture : resizeRows(picture, width, filter);
  return height === picture.height ? narrow : resizeColumns(narrow, height, filter);
}

/** @returns the picture with each block of factor x factor pixels as one, its mean; a block at the edge may be smaller */
export function reduce(picture, factor) {
  const width = Math.ceil(picture.width / factor);
  const height = Math.ceil(picture.height / factor);
  const reduced = blank(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) writeMean(picture, x * factor, y * factor, factor, reduced.data, (y * width + x) * 4);
  }
  return reduced;
}

/** @returns {{width: number, height: number}} the largest size of the same shape within a square, at least 1 x 1 */
export function sizeWithin({ width, height }, side) {
  const aspect = width / height;
  if (aspect <= 1) return { width: closest(side * aspect, (n) => Math.abs(aspect - n / side)), height: side };
  return { width: side, height: closest(side / aspect, (n) => (n === 0 ? 0 : Math.abs(aspect - side / n))) };
}

function closest(number, error) {
  const [low, high] = [Math.floor(number), Math.ceil(number)];
  return Math.max(error(low) <= error(high) ? low : high, 1);
}

function writeMean({ width, height, data }, left, top, factor, to, at) {
  const right = Math.min(left + factor, width);
  const bottom = Math.min(top + factor, height);
  const count = (right - left) * (bottom - top);
  for (let channel = 0; channel < 3; channel++) {
    let sum = count >> 1;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) sum += data[(y * width + x) * 4 + channel];
    }
    to[at + channel] = Math.floor(sum / count);
  }
}

function resizeRows({ width, height, data }, newWidth, filter) {
  const resized = blank(newWidth, height);
  const windows = weights(width, newWidth, filter);
  for (let y = 0; y < height; y++) {
    const row = y * width * 4;
    for (let x = 0; x < newWidth; x++) {
      const { first, shares } = windows[x];
      writeSum(data, row + first * 4, 4, shares, resized.data, (y * newWidth + x) * 4);
    }
  }
  return resized;
}

function resizeColumns({ width, height, data }, newHeight, filter) {
  const resized = blank(width, newHeight);
  const windows = weights(height, newHeight, filter);
  for (let y = 0; y < newHeight; y++) {
    const { first, shares } = windows[y];
    for (let x = 0; x < width; x++) {
      writeSum(data, (first * width + x) * 4, width * 4, shares, resized.data, (y * width + x) * 4);
    }
  }
  return resized;
}

function writeSum(data, start, step, shares, to, at) {
  let red = 1 << (PRECISION_BITS - 1);
  let green = red;
  let blue = red;
  for (let i = 0, from = start; i < shares.length; i++, from += step) {
    red += data[from] * shares[i];
    green += data[from + 1] * shares[i];
    blue += data[from + 2] * shares[i];
  }
  to[at] = red >> PRECISION_BITS; // the array clips to 0 and 255
  to[at + 1] = green >> PRECISION_BITS;
  to[at + 2] = blue >> PRECISION_BITS;
}

/** @returns {{first: number, shares: Int32Array}[]} for each new pixel the old ones that it is made of */
function weights(size, newSize, { support, weigh }) {
  const scale = size / newSize;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: newSize }, (_, index) => {
    const middle = (index + 0.5) * scale;
    const first = Math.max(Math.trunc(middle - support * stretch + 0.5), 0);
    const end = Math.min(Math.trunc(middle + support * stretch + 0.5), size);
    const raw = Array.from({ length: end - first }, (_, i) => weigh((i + first - middle + 0.5) / stretch));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { first, shares: Int32Array.from(raw, (weight) => roundHalfAway((weight / sum) * 2 ** PRECISION_BITS)) };
  });
}

function roundHalfAway(number) {
  return Math.trunc(number + (number < 0 ? -0.5 : 0.5));
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

function blank(width, height) {
  return { width, height, data: new Uint8ClampedArray(width * height * 4) };
}
