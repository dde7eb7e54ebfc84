/** A photo's file to the numbers that a network takes, in the steps of recognizer/images/decode.py and pixels.py. */
import { BILINEAR, LANCZOS, reduce, resize, sizeWithin } from "./resample.js";

const LONGEST_SIDE = 640;
const GAP = 3; // pixels to one beyond which blocks are averaged first
const STRIP_PIXELS = 4_000_000; // read from the canvas at once
const LARGEST_PIXELS = 50_000_000;
const JPEG_SCALES = [8, 4, 2];
const JPEG = [0xff, 0xd8, 0xff];

/** A photo that cannot be compared here; its message is a key of the words. */
export class PhotoError extends Error {}

/**
 * @param {Blob} file
 * @param {number} size side of the square that the network takes, in pixels
 * @returns {Promise<Float32Array>} (3, size, size), from 0 to 1
 * @throws {PhotoError} unreadable or too_many_pixels
 */
export async function networkPixels(file, size) {
  return pixelsOf(await uprightPicture(file), size);
}

/** The same of a picture as `uprightPicture` returns it. */
export function pixelsOf(picture, size) {
  const { data } = resize(picture, size, size, BILINEAR);
  const count = size * size;
  const pixels = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    for (let channel = 0; channel < 3; channel++) pixels[channel * count + i] = data[i * 4 + channel] / 255;
  }
  return pixels;
}

/** @returns the photo, upright, on white, in sRGB, at most 640 pixels on its longest side */
export async function uprightPicture(file) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new PhotoError("unreadable");
  });
  try {
    if (bitmap.width * bitmap.height > LARGEST_PIXELS) throw new PhotoError("too_many_pixels");
    return scaledDown(bitmap, (await isJpeg(file)) ? jpegScale(bitmap) : 1);
  } finally {
    bitmap.close();
  }
}

function scaledDown(bitmap, scale) {
  const picture = read(bitmap, scale);
  if (Math.max(picture.width, picture.height) <= LONGEST_SIDE) return picture;
  const { width, height } = sizeWithin(picture, LONGEST_SIDE);
  const blocks = Math.max(1, Math.trunc(Math.min(picture.width / width, picture.height / height) / GAP));
  return resize(blocks > 1 ? reduce(picture, blocks) : picture, width, height, LANCZOS);
}

/** The decoder that Python uses gives a large JPEG at a half, a quarter or an eighth. */
function jpegScale({ width, height }) {
  const most = Math.floor(Math.min(width, height) / LONGEST_SIDE);
  return JPEG_SCALES.find((scale) => most >= scale) ?? 1;
}

async function isJpeg(file) {
  const start = new Uint8Array(await file.slice(0, JPEG.length).arrayBuffer());
  return JPEG.every((byte, at) => start[at] === byte);
}

/** Reads a bitmap in strips, since a large photo would be in memory three times otherwise. */
function read(bitmap, scale) {
  const width = Math.ceil(bitmap.width / scale);
  const height = Math.ceil(bitmap.height / scale);
  const data = new Uint8ClampedArray(width * height * 4);
  const rows = Math.max(1, Math.floor(STRIP_PIXELS / bitmap.width / scale)) * scale;
  for (let top = 0; top < bitmap.height; top += rows) {
    const strip = readStrip(bitmap, top, Math.min(rows, bitmap.height - top));
    data.set((scale > 1 ? reduce(strip, scale) : strip).data, (top / scale) * width * 4);
  }
  return { width, height, data };
}

function readStrip(bitmap, top, rows) {
  const canvas = new OffscreenCanvas(bitmap.width, rows);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "white";
  pen.fillRect(0, 0, bitmap.width, rows);
  pen.drawImage(bitmap, 0, -top);
  return pen.getImageData(0, 0, bitmap.width, rows);
}
