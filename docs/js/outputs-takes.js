/** What several outputs say as a visitor takes it along: as text, as data, and as a picture. */
import { confidencesOf, headlineOf, intervalSentence, spoken } from "./output-words.js";
import { intervalBar, lines, picture, shareBars } from "./picture.js";
import { shareLine } from "./takes.js";
import { say } from "./words.js";

/**
 * @param {string} headline a key
 * @param {{name: string, reading: object, known: object}[]} told of each output what it says, and what is known of it
 * @param {object} about what is told of the model
 * @returns {{text: () => string, data: () => object, picture: () => Promise<Blob>}} see `sharing`
 */
export function takesOfOutputs(headline, told, about) {
  return {
    text: () => [say(headline), "", ...told.flatMap(linesOf), say("answer.notice")].join("\n"),
    data: () => ({
      title: about.title,
      outputs: Object.fromEntries(told.map(({ name, reading }) => [name, reading])),
      notice: say("answer.notice"),
    }),
    picture: () => picture([...lines(say(headline), "title"), ...told.flatMap(partsOf)], about),
  };
}

function linesOf({ name, reading, known }) {
  const shares = reading.kind === "number" ? [] : confidencesOf(reading).map((one) => `  ${shareLine(one)}`);
  return [head(name, reading), ...shares, ...interval(reading, known).map((line) => `  ${line}`), ""];
}

function partsOf({ name, reading, known }) {
  const top = lines(head(name, reading), "head");
  if (reading.kind === "number") {
    const bar = known.range ? [intervalBar(reading, known.range, reading.unit)] : [];
    return [...top, ...bar, ...interval(reading, known).flatMap((line) => lines(line, "text"))];
  }
  const marks = { sure: !reading.not_sure, threshold: reading.not_sure ? reading.threshold : undefined };
  return [...top, ...shareBars(confidencesOf(reading), marks)];
}

function head(name, reading) {
  const { key, values, text } = headlineOf(reading);
  return `${spoken(name)}: ${key ? say(key, values) : text}`;
}

function interval(reading, known) {
  const told = reading.kind === "number" ? intervalSentence(reading, known) : null;
  return told ? [say(told.key, told.values)] : [];
}
