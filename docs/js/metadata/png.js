/** PNG: a row of chunks, each with a length, a name and a checksum (https://www.w3.org/TR/png-3/). */
import { beginsWith, exifOf, letters, viewOf } from "./turn.js";

const HEAD = "\x89PNG\r\n\x1a\n";
const KEPT = "IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD hIST pHYs acTL fcTL fdAT".split(" ");
const XMP = "XML:com.adobe.xmp\0";
const HIDDEN_EXIF = "Raw profile type"; // EXIF as some programs write it into a text: its turn is not read here

export const png = { type: "image/png", begins: (bytes) => beginsWith(bytes, HEAD), split, join };

function split(bytes) {
  const found = { parts: [], exif: null, xmp: null };
  for (let at = HEAD.length; at < bytes.length; ) {
    const end = at + 12 + viewOf(bytes).getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + 8, end - 4);
    if (end > bytes.length || beginsWith(data, HIDDEN_EXIF)) throw new RangeError(name);
    if (name === "eXIf") found.exif ??= data;
    if (name === "iTXt" && beginsWith(data, XMP)) found.xmp ??= data.subarray(XMP.length);
    if (KEPT.includes(name)) found.parts.push(bytes.subarray(at, end));
    if (name === "IEND") break;
    at = end;
  }
  return found;
}

function join([header, ...parts], turn) {
  return [letters(HEAD), header, ...(turn > 1 ? [chunk("eXIf", exifOf(turn))] : []), ...parts];
}

function chunk(name, data) {
  const checked = Uint8Array.of(...letters(name), ...data);
  const all = new Uint8Array(checked.length + 8);
  viewOf(all).setUint32(0, data.length);
  all.set(checked, 4);
  viewOf(all).setUint32(checked.length + 4, checksum(checked));
  return all;
}

/** CRC-32 as PNG has it, bit by bit: it is only of a few bytes. */
function checksum(bytes) {
  let rest = ~0;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  }
  return ~rest >>> 0;
}
