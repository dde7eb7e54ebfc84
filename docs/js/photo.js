/** What may be sent, how large, and what is taken out of it first. */
import { withoutMetadata } from "./metadata.js";
import { SpaceError } from "./space-error.js";

const LARGEST_MB = 20;
const MEGABYTE = 1024 * 1024;
const SENT_IN_FULL_BYTES = 2 * MEGABYTE;
const LONGEST_SIDE = 1600;
const JPEG_QUALITY = 0.92;
const PHONE_FORMATS = /\.hei[cf]$/i;

/**
 * @param {File[]} files what the visitor gave
 * @returns {File} the one photo among them
 * @throws {SpaceError} with what is wrong
 */
export function onePhoto(files) {
  if (files.length === 0) throw new SpaceError("site.no_picture");
  if (files.length > 1) throw new SpaceError("site.one_at_a_time");
  const [file] = files;
  const { name } = file;
  if (!file.type.startsWith("image/") && !PHONE_FORMATS.test(name)) throw new SpaceError("site.not_a_picture", { name });
  if (file.size > LARGEST_MB * MEGABYTE) {
    throw new SpaceError("site.too_large", { name, megabytes: megabytes(file.size), most: LARGEST_MB });
  }
  return file;
}

/**
 * A small photo goes out as it is, but for what the camera wrote into it, so that its answer is the one that any other
 * client gets. So does one that the browser cannot decode (HEIC in most of them): the Space can.
 *
 * @param {File} file
 * @returns {Promise<{photo: Blob, cleaned: boolean}>} at most 1600 pixels on its longest side if it was over 2 MB;
 *   whether all was taken out of it
 */
export async function readyToSend(file) {
  const smaller = file.size > SENT_IN_FULL_BYTES ? await scaledDown(file) : null;
  if (smaller) return { photo: smaller, cleaned: true };
  const cleaned = await withoutMetadata(file);
  return { photo: cleaned ?? file, cleaned: cleaned !== null };
}

async function scaledDown(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap || Math.max(bitmap.width, bitmap.height) <= LONGEST_SIDE) return null;
  const scale = LONGEST_SIDE / Math.max(bitmap.width, bitmap.height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
}

/** Bytes in megabytes, to a tenth. */
export function megabytes(bytes) {
  return Math.round((bytes / MEGABYTE) * 10) / 10;
}
