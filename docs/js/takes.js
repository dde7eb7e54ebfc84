/** An answer of one output as a visitor takes it along: as text, as data, and as a picture. */
import { lines, picture, shareBars } from "./picture.js";
import { measuredFor, verdict } from "./verdict.js";
import { percent, say } from "./words.js";

/** @returns {{text: () => string, data: () => object, picture: () => Promise<Blob>}} see `sharing` */
export function takesOf(answer, about) {
  return {
    text: () => asText(answer, about),
    data: () => asData(answer, about),
    picture: () => picture(parts(answer, about), about),
  };
}

function parts(answer, about) {
  const [headline, ...details] = said(answer, about);
  const { kind } = verdict(answer, about);
  const marks = { sure: kind === "sure", threshold: kind === "unsure" ? about.threshold : undefined };
  const bars = kind === "far" ? [] : shareBars(answer.confidences, marks);
  return [...lines(headline, "title"), ...details.flatMap((line) => lines(line, "text")), ...bars];
}

/** The answer in lines: what it says, how sure it is, and how often such answers are right. */
function said(answer, about) {
  const { kind, headline, detail } = verdict(answer, about);
  const measured = kind === "sure" ? measuredFor(answer.confidences[0].label, about) : null;
  return [headline, detail, ...(measured ? [measured] : [])].map(({ key, values }) => say(key, values));
}

function asText(answer, about) {
  return [...said(answer, about), "", ...answer.confidences.map(shareLine), "", say("answer.notice")].join("\n");
}

/** A name and its share, as a line. */
export function shareLine({ label, confidence }) {
  const { key, values } = percent(confidence);
  return `${label}: ${say(key, values)}`;
}

/** The fields of the Space's own `POST /predict`; without `far` where it is not known of an unsure answer. */
function asData(answer, about) {
  const { label, confidences } = answer;
  const { kind } = verdict(answer, about);
  const far = answer.far ?? (kind === "unsure" ? undefined : kind === "far");
  return {
    title: about.title,
    label,
    not_sure: kind !== "sure",
    far,
    probabilities: Object.fromEntries(confidences.map((one) => [one.label, one.confidence])),
    threshold: about.threshold,
    notice: say("answer.notice"),
  };
}
