/** JPEG: a row of segments, each with a marker and a length; after a scan's header come its data, up to a marker. */
import { beginsWith, exifOf, letters, viewOf } from "./turn.js";

const EXIF = "Exif\0\0";
const XMP = "http://ns.adobe.com/xap/1.0/\0";
const SCAN = 0xda;
const END = 0xd9;
const COMMENT = 0xfe;
// What tells how colours are meant, by marker.
const COLOURS = { 0xe0: "JFIF\0", 0xe2: "ICC_PROFILE\0", 0xee: "Adobe" };

export const jpeg = { type: "image/jpeg", begins: (bytes) => beginsWith(bytes, "\xff\xd8\xff"), split, join };

/** What follows the end, such as further pictures of the camera, is no part. */
function split(bytes) {
  const found = { parts: [], exif: null, xmp: null };
  for (let at = 2; at < bytes.length; ) {
    if (bytes[at] !== 0xff) throw new RangeError("no marker");
    const marker = bytes[at + 1];
    const end = marker === 0xff ? at + 1 : endOf(bytes, at, marker);
    if (marker !== 0xff) sort(found, marker, bytes.subarray(at, end));
    if (marker === END) break;
    at = end;
  }
  return found;
}

function join(parts, turn) {
  const exif = [...letters(EXIF), ...exifOf(turn)];
  const segment = Uint8Array.of(0xff, 0xe1, 0, exif.length + 2, ...exif);
  return [letters("\xff\xd8"), ...(turn > 1 ? [segment] : []), ...parts];
}

function endOf(bytes, at, marker) {
  if (marker === END) return at + 2;
  const end = at + 2 + viewOf(bytes).getUint16(at + 2);
  return marker === SCAN ? nextMarker(bytes, end) : end;
}

/** In a scan's data 0xff is followed by 0, or by a marker between its parts (restart). */
function nextMarker(bytes, from) {
  for (let at = from; at < bytes.length - 1; at += 1) {
    const next = bytes[at + 1];
    if (bytes[at] === 0xff && next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}

function sort(found, marker, segment) {
  if (marker === 0xe1 && beginsWith(segment, EXIF, 4)) found.exif ??= segment.subarray(4 + EXIF.length);
  if (marker === 0xe1 && beginsWith(segment, XMP, 4)) found.xmp ??= segment.subarray(4 + XMP.length);
  const isOfProgram = marker === COMMENT || (marker >= 0xe0 && marker <= 0xef);
  const isOfColours = marker in COLOURS && beginsWith(segment, COLOURS[marker], 4);
  if (!isOfProgram || isOfColours) found.parts.push(segment);
}
