/** The turn of a photo, which is all of its EXIF data that tells how to show it. */
const ORIENTATION = 0x0112;
const UPRIGHT = 1;
const TURNS = 8;
const SIZES = { 3: "getUint16", 4: "getUint32" };

/**
 * @param {Uint8Array | null} exif from the byte order on
 * @param {Uint8Array | null} xmp its text, which counts where EXIF says nothing
 * @returns {number} 1 for upright, up to 8
 */
export function turnOf(exif, xmp) {
  const turn = (exif && turnInExif(exif)) ?? (xmp && turnInXmp(xmp)) ?? UPRIGHT;
  return turn >= UPRIGHT && turn <= TURNS ? turn : UPRIGHT;
}

/** EXIF data with nothing but a turn: a TIFF header, one directory, one entry. */
export function exifOf(turn) {
  return Uint8Array.of(...letters("MM\0*"), 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, turn, 0, 0, 0, 0, 0, 0);
}

/** The bytes of a Latin text. */
export function letters(text) {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Whether bytes begin with a Latin text. */
export function beginsWith(bytes, text, at = 0) {
  return letters(text).every((letter, place) => bytes[at + place] === letter);
}

export function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function turnInExif(exif) {
  const view = viewOf(exif);
  const little = beginsWith(exif, "II");
  const directory = view.getUint32(4, little);
  const entries = view.getUint16(directory, little);
  for (let entry = directory + 2; entry < directory + 2 + entries * 12; entry += 12) {
    if (view.getUint16(entry, little) !== ORIENTATION) continue;
    const size = SIZES[view.getUint16(entry + 2, little)];
    return size ? view[size](entry + 8, little) : undefined;
  }
  return undefined;
}

function turnInXmp(xmp) {
  const found = new TextDecoder("latin1").decode(xmp).match(/tiff:Orientation(?:="|>)([1-8])/);
  return found ? Number(found[1]) : undefined;
}
