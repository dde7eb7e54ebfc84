/** What several outputs say and what that rests on, out of a network's logits, by the rules of recognizer/serve/outputs.py. */
import { rather } from "../evidence.js";

const NOT_SURE = "Not sure";

/**
 * @param {{outputs: object[]}} facts of model.json
 * @param {number[]} logits of all outputs, side by side
 * @returns {Object<string, object>} name of an output to what it says, as `POST /predict` tells it
 */
export function readings({ outputs }, logits) {
  return Object.fromEntries(outputs.map((one) => [one.name, reading(one, softmax(logits.slice(one.start, one.stop)))]));
}

/**
 * @param {{outputs: object[]}} facts of model.json
 * @param {number[]} logits of all outputs, side by side
 * @param {number[][][]} maps of each logit, the rows of what each place of the photo adds to it
 * @returns {Object<string, number[][]>} name of an output to what speaks for its answer at each place
 */
export function grounds({ outputs }, logits, maps) {
  const told = ({ kind, start, stop }) => {
    const shares = softmax(logits.slice(start, stop));
    const most = Math.max(...shares);
    return rather(maps.slice(start, stop), kind === "number" ? shares : shares.map((share) => Number(share === most)));
  };
  return Object.fromEntries(outputs.map((one) => [one.name, told(one)]));
}

function reading(one, shares) {
  return one.kind === "number" ? numberReading(one, shares) : classesReading(one, shares);
}

function numberReading({ centres, interval, range: [least, most], unit }, shares) {
  const value = shares.reduce((sum, share, at) => sum + share * centres[at], 0);
  const [low, high] = interval.map((end) => Math.min(Math.max(value + end, least), most));
  return { kind: "number", value, low, high, unit };
}

function classesReading({ classes, threshold }, shares) {
  const likely = classes.map(({ name }, at) => [name, shares[at]]).sort(([, one], [, other]) => other - one);
  const [label, share] = likely[0];
  const unsure = share < threshold;
  return { kind: "classes", label: unsure ? NOT_SURE : label, not_sure: unsure, probabilities: Object.fromEntries(likely), threshold };
}

function softmax(logits) {
  const most = Math.max(...logits);
  const shares = logits.map((logit) => Math.exp(logit - most));
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share) => share / sum);
}
