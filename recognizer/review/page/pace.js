// How long the rest will take, from the choices of the last minutes.

const FIRST_GUESS = 2; // seconds a photo, before anything is measured
const PAUSE = 30; // seconds; who takes longer for a choice was away
const REMEMBERED = 30; // choices

const choices = []; // [photos, seconds]
let last = performance.now();

export function countChoice(photos) {
  const now = performance.now();
  const seconds = (now - last) / 1000;
  last = now;
  if (seconds < PAUSE) choices.push([photos, seconds]);
  if (choices.length > REMEMBERED) choices.shift();
}

export function timeFor(photos) {
  const [done, spent] = choices.reduce(([p, s], [photo, second]) => [p + photo, s + second], [0, 0]);
  const seconds = photos * (done ? spent / done : FIRST_GUESS);
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `about ${Math.round(seconds / 60)} min` : `about ${(seconds / 3600).toFixed(1)} h`;
}
