/**
 * Takes out of a photo what the camera wrote into it: place, time, names, small copies. Pixels, colour profile and turn
 * stay as they are, to the byte, so that the answer does too.
 */
import { jpeg } from "./metadata/jpeg.js";
import { png } from "./metadata/png.js";
import { turnOf } from "./metadata/turn.js";
import { webp } from "./metadata/webp.js";

const FORMATS = [jpeg, png, webp];

/**
 * @param {Blob} file
 * @returns {Promise<Blob | null>} null where the file is of another kind, or so broken that nothing is sure
 */
export async function withoutMetadata(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const format = FORMATS.find(({ begins }) => begins(bytes));
  if (!format) return null;
  try {
    const { parts, exif, xmp } = format.split(bytes);
    return new Blob(format.join(parts, turnOf(exif, xmp)), { type: format.type });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
