/** Draws what several outputs say of a photo: a class with its bars, or a number with its interval. */
import { barsOf, rangeBar } from "./bars.js";
import { element, english, sentence } from "./dom.js";
import { confidencesOf, headlineOf, intervalSentence, spoken } from "./output-words.js";
import { takesOfOutputs } from "./outputs-takes.js";
import { sharing } from "./sharing.js";
import { why } from "./why.js";

const HEADLINE = { key: "answer.outputs", values: {} };

/**
 * @param {HTMLElement} place emptied first
 * @param {Object<string, object>} readings name of an output to what it says, as `POST /predict` tells it
 * @param {{outputs?: object[]}} about what is told of the outputs, as far as it is known
 * @param {() => Promise<{photo: ImageBitmap, evidence: object}>} explain gives the photo, and for each output what speaks
 *   for its answer at each place
 * @returns {{key: string, values: object}} the headline
 */
export function renderOutputs(place, readings, about, explain) {
  place.className = "outputs";
  const told = Object.entries(readings).map(([name, reading]) => ({ name, reading, known: knownOf(name, about) }));
  const parts = told.map((one) => part(one, explain));
  const takes = takesOfOutputs(HEADLINE.key, told, about);
  place.replaceChildren(sentence("h2", "", HEADLINE.key, HEADLINE.values), ...parts, sharing(takes));
  return HEADLINE;
}

function knownOf(name, { outputs = [] }) {
  return outputs.find((one) => one.name === name) ?? {};
}

function part({ name, reading, known }, explain) {
  const made = element("section", reading.not_sure ? "reading unsure" : "reading sure");
  const { key, values, text } = headlineOf(reading);
  const title = element("h3", "");
  title.append(english("span", "", `${spoken(name)}: `), key ? sentence("span", "", key, values) : english("span", "", text));
  made.append(title);
  if (known.description) made.append(english("p", "quiet", known.description));
  made.append(...(reading.kind === "number" ? interval(reading, known) : bars(reading)));
  made.append(grounds({ name, reading }, explain));
  return made;
}

function bars(reading) {
  return barsOf(confidencesOf(reading), reading.not_sure ? reading.threshold : undefined);
}

function interval(reading, known) {
  const told = intervalSentence(reading, known);
  return told ? [rangeBar(reading, known.range, reading.unit), sentence("p", "", told.key, told.values)] : [];
}

/** Where in the photo the answer of an output comes from. */
function grounds({ name, reading }, explain) {
  const explained = async () => {
    const { photo, evidence } = await explain();
    return { photo, relative: evidence[name] };
  };
  const isNumber = reading.kind === "number";
  const told = isNumber ? headlineOf(reading).text : confidencesOf(reading)[0].label;
  return why(explained, { key: isNumber ? "answer.why_number" : "answer.why_how", values: { name: { name: told } } });
}
