/** Draws what an answer rests on over the photo: blue-green where it speaks for the answer, orange where against. */

// Two colours that people who confuse red and green can tell apart (Okabe and Ito, 2008).
const FOR = [0, 158, 115];
const AGAINST = [213, 94, 0];
const STRONGEST = 0.75; // how much of the photo the strongest evidence covers
const LONGEST_SIDE = 400;

/**
 * @param {CanvasImageSource & {width: number, height: number}} photo
 * @param {number[][]} relative as `rather` returns it
 * @returns {HTMLCanvasElement}
 */
export function drawEvidence(photo, relative) {
  const canvas = greyed(photo);
  const pen = canvas.getContext("2d");
  const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
  const grid = strengths(relative);
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++) {
      const strength = at(grid, (x + 0.5) / canvas.width, (y + 0.5) / canvas.height);
      tint(picture.data, (y * canvas.width + x) * 4, strength);
    }
  }
  pen.putImageData(picture, 0, 0);
  return canvas;
}

/**
 * What speaks for some of several logits rather than for all on average: what is added to all alike changes nothing.
 *
 * @param {number[][][]} maps of each logit, the rows of what each place adds to it
 * @param {number[]} shares how much each logit counts; they add up to 1
 * @returns {number[][]} rows
 */
export function rather(maps, shares) {
  const weights = shares.map((share) => share - 1 / shares.length);
  return maps[0].map((row, y) => row.map((_, x) => maps.reduce((sum, map, at) => sum + weights[at] * map[y][x], 0)));
}

function strengths(grid) {
  const most = Math.max(...grid.flat().map(Math.abs), 1e-12);
  return grid.map((row) => row.map((value) => value / most));
}

function greyed(photo) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(photo.width, photo.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(photo.width * scale));
  canvas.height = Math.max(1, Math.round(photo.height * scale));
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(photo, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** @returns {number} the grid's value at a place from 0 to 1, between its four nearest cells */
function at(grid, across, down) {
  const [y, rest] = between(down, grid.length);
  const [x, side] = between(across, grid[0].length);
  const mix = (row) => row[x] * (1 - side) + (row[x + 1] ?? row[x]) * side;
  return mix(grid[y]) * (1 - rest) + mix(grid[y + 1] ?? grid[y]) * rest;
}

function between(share, cells) {
  const place = Math.min(Math.max(share * cells - 0.5, 0), cells - 1);
  return [Math.floor(place), place % 1];
}

function tint(data, start, strength) {
  const cover = STRONGEST * Math.abs(strength);
  const colour = strength > 0 ? FOR : AGAINST;
  const grey = 0.299 * data[start] + 0.587 * data[start + 1] + 0.114 * data[start + 2];
  for (let channel = 0; channel < 3; channel++) data[start + channel] = grey * (1 - cover) + colour[channel] * cover;
}
