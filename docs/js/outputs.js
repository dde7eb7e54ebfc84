/** Draws what several outputs say of a photo: a class with its bars, or a number with its interval. */
import { barsOf, rangeBar } from "./bars.js";
import { element, english, sentence } from "./dom.js";
import { rounded, withUnit } from "./numbers.js";
import { sharing } from "./sharing.js";
import { shareLine } from "./takes.js";
import { say } from "./words.js";

const HEADLINE = { key: "answer.outputs", values: {} };

/**
 * @param {HTMLElement} place emptied first
 * @param {Object<string, object>} readings name of an output to what it says, as `POST /predict` tells it
 * @param {{outputs?: object[]}} about what is told of the outputs, as far as it is known
 * @returns {{key: string, values: object}} the headline
 */
export function renderOutputs(place, readings, about) {
  place.className = "outputs";
  const told = Object.entries(readings).map(([name, reading]) => ({ name, reading, known: knownOf(name, about) }));
  place.replaceChildren(sentence("h2", "", HEADLINE.key, HEADLINE.values), ...told.map(part), sharing(takes(told, about)));
  return HEADLINE;
}

/** The name of an output for people. */
export function spoken(name) {
  return name.replaceAll("_", " ");
}

function knownOf(name, { outputs = [] }) {
  return outputs.find((one) => one.name === name) ?? {};
}

function part({ name, reading, known }) {
  const made = element("section", reading.not_sure ? "reading unsure" : "reading sure");
  const { key, values, text } = headlineOf(reading);
  const title = element("h3", "");
  title.append(english("span", "", `${spoken(name)}: `), key ? sentence("span", "", key, values) : english("span", "", text));
  made.append(title);
  if (known.description) made.append(english("p", "quiet", known.description));
  made.append(...(reading.kind === "number" ? interval(reading, known) : bars(reading)));
  return made;
}

/** What an output says: a sentence, or a text that is the same in every language. */
function headlineOf(reading) {
  if (reading.kind === "number") return { text: withUnit(rounded(reading, reading.value), reading.unit) };
  if (!reading.not_sure) return { text: reading.label };
  return { key: "answer.unsure", values: { name: { name: confidencesOf(reading)[0].label } } };
}

function bars(reading) {
  return barsOf(confidencesOf(reading), reading.not_sure ? reading.threshold : undefined);
}

function confidencesOf({ probabilities }) {
  const all = Object.entries(probabilities).map(([label, confidence]) => ({ label, confidence }));
  return all.sort((one, other) => other.confidence - one.confidence);
}

function interval(reading, known) {
  if (known.coverage === undefined) return [];
  const { key, values } = intervalSentence(reading, known);
  return [rangeBar(reading, known.range, reading.unit), sentence("p", "", key, values)];
}

function intervalSentence(reading, { coverage }) {
  const [low, high] = [reading.low, reading.high].map((number) => rounded(reading, number));
  return { key: "answer.interval", values: { share: { counted: coverage }, low, high: withUnit(high, reading.unit) } };
}

function takes(told, about) {
  const data = () => ({
    title: about.title,
    outputs: Object.fromEntries(told.map(({ name, reading }) => [name, reading])),
    notice: say("answer.notice"),
  });
  return { text: () => asText(told), data };
}

function asText(told) {
  return [say(HEADLINE.key), "", ...told.flatMap(linesOf), say("answer.notice")].join("\n");
}

function linesOf({ name, reading, known }) {
  const { key, values, text } = headlineOf(reading);
  const shares = reading.kind === "number" ? [] : confidencesOf(reading).map((one) => `  ${shareLine(one)}`);
  const range = reading.kind === "number" && known.coverage !== undefined ? [intervalSentence(reading, known)] : [];
  const said = range.map((one) => `  ${say(one.key, one.values)}`);
  return [`${spoken(name)}: ${key ? say(key, values) : text}`, ...shares, ...said, ""];
}
