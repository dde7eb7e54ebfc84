/** WebP: chunks of a RIFF file; the first tells by bits which others there are (RFC 9649). */
import { beginsWith, exifOf, letters, viewOf } from "./turn.js";

const KEPT = ["VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"];
const HAS_EXIF = 8;
const HAS_XMP = 4;

export const webp = {
  type: "image/webp",
  begins: (bytes) => beginsWith(bytes, "RIFF") && beginsWith(bytes, "WEBP", 8),
  split,
  join,
};

function split(bytes) {
  const found = { parts: [], exif: null, xmp: null };
  const whole = 8 + viewOf(bytes).getUint32(4, true);
  for (let at = 12; at + 8 <= whole; ) {
    const size = viewOf(bytes).getUint32(at + 4, true);
    const end = at + 8 + size + (size % 2);
    const name = String.fromCharCode(...bytes.subarray(at, at + 4));
    if (at + 8 + size > bytes.length) throw new RangeError(name);
    if (name === "EXIF") found.exif ??= withoutPrefix(bytes.subarray(at + 8, at + 8 + size));
    if (name === "XMP ") found.xmp ??= bytes.subarray(at + 8, at + 8 + size);
    if (KEPT.includes(name)) found.parts.push(bytes.slice(at, end));
    at = end;
  }
  return found;
}

function join(parts, turn) {
  if (beginsWith(parts[0] ?? [], "VP8X")) parts[0][8] = (parts[0][8] & ~(HAS_EXIF | HAS_XMP)) | (turn > 1 ? HAS_EXIF : 0);
  const all = turn > 1 ? [...parts, chunk("EXIF", exifOf(turn))] : parts;
  const head = Uint8Array.of(...letters("RIFF"), 0, 0, 0, 0, ...letters("WEBP"));
  viewOf(head).setUint32(4, all.reduce((sum, part) => sum + part.length, 4), true);
  return [head, ...all];
}

/** Some programs write EXIF here as it is in a JPEG. */
function withoutPrefix(exif) {
  return beginsWith(exif, "Exif\0\0") ? exif.subarray(6) : exif;
}

function chunk(name, data) {
  return Uint8Array.of(...letters(name), data.length, 0, 0, 0, ...data);
}
