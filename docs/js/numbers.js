/** Numbers that an output tells, as recognizer/words/figures.py has them. */

/** A number with as many digits as an interval leaves of meaning. */
export function rounded({ low, high }, number) {
  const width = high > low ? high - low : 1;
  return number.toFixed(Math.max(0, 1 - Math.floor(Math.log10(width))));
}

export function withUnit(number, unit) {
  return `${number} ${unit ?? ""}`.trim();
}
