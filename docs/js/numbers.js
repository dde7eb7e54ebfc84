/** Numbers as recognizer/words/figures.py and words.py tell them. */

/** A number with as many digits as an interval leaves of meaning. */
export function rounded({ low, high }, number) {
  const width = high > low ? high - low : 1;
  return number.toFixed(Math.max(0, 1 - Math.floor(Math.log10(width))));
}

/** A share from 0 to 1 in percent, rounded down to a tenth: a lesser one is never told as more. */
export function tenths(share) {
  return Math.floor(share * 1000 + 1e-6) / 10; // what binary fractions lose is far less
}

export function withUnit(number, unit) {
  return `${number} ${unit ?? ""}`.trim();
}
