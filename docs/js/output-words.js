/** What an output says of a photo, in words. */
import { rounded, withUnit } from "./numbers.js";

/** The name of an output for people. */
export function spoken(name) {
  return name.replaceAll("_", " ");
}

/** What an output says: a sentence, or a text that is the same in every language. */
export function headlineOf(reading) {
  if (reading.kind === "number") return { text: withUnit(rounded(reading, reading.value), reading.unit) };
  if (!reading.not_sure) return { text: reading.label };
  return { key: "answer.unsure", values: { name: { name: confidencesOf(reading)[0].label } } };
}

/** @returns {{label: string, confidence: number}[]} likeliest first */
export function confidencesOf({ probabilities }) {
  const all = Object.entries(probabilities).map(([label, confidence]) => ({ label, confidence }));
  return all.sort((one, other) => other.confidence - one.confidence);
}

/** How often such an interval holds; null where it is not told. */
export function intervalSentence(reading, { coverage }) {
  if (coverage === undefined) return null;
  const [low, high] = [reading.low, reading.high].map((number) => rounded(reading, number));
  return { key: "answer.interval", values: { share: { counted: coverage }, low, high: withUnit(high, reading.unit) } };
}
