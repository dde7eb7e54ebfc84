/** What may be sent, and how large. */
import { SpaceError } from "./space-error.js";

const LARGEST_BYTES = 20 * 1024 * 1024;
const SENT_AS_IT_IS_BYTES = 2 * 1024 * 1024;
const LONGEST_SIDE = 1600;
const JPEG_QUALITY = 0.92;
const PHONE_FORMATS = /\.hei[cf]$/i;

/**
 * @param {File[]} files what the visitor gave
 * @returns {File} the one photo among them
 * @throws {SpaceError} with what is wrong
 */
export function onePhoto(files) {
  if (files.length === 0) throw new SpaceError("There is no picture file in this.");
  if (files.length > 1) throw new SpaceError("One photo at a time, please.");
  const [file] = files;
  if (!file.type.startsWith("image/") && !PHONE_FORMATS.test(file.name)) {
    throw new SpaceError(`“${file.name}” is not a picture. Choose a photo such as a JPEG, PNG, WebP or HEIC file.`);
  }
  if (file.size > LARGEST_BYTES) {
    throw new SpaceError(`“${file.name}” is too large: ${megabytes(file.size)} MB, and 20 MB is the most.`);
  }
  return file;
}

/**
 * A small file goes out byte for byte, so that its answer is the one that any other client gets.
 * So does one that the browser cannot decode (HEIC in most of them): the Space can.
 *
 * @param {File} file
 * @returns {Promise<File>} the same photo, at most 1600 pixels on its longest side if it was over 2 MB
 */
export async function readyToSend(file) {
  if (file.size <= SENT_AS_IT_IS_BYTES) return file;
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap || Math.max(bitmap.width, bitmap.height) <= LONGEST_SIDE) return file;
  const blob = await scaledDown(bitmap);
  return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: blob.type });
}

function scaledDown(bitmap) {
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

function megabytes(bytes) {
  return (bytes / 1024 / 1024).toFixed(1);
}
