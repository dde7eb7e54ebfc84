/** An answer as a picture: its sentences, its bars, and what it cannot tell. The photo itself is not in it. */
import { percent, say } from "./words.js";
import { verdict } from "./verdict.js";

const WIDTH = 1000;
const EDGE = 60;
const INNER = WIDTH - 2 * EDGE;
const SHOWN = 5;
const BAR = 16;
const COLOURS = { paper: "#faf8f4", ink: "#1d2426", soft: "#535e61", track: "#e9e4d9", fill: "#5f97a5", gold: "#a86a00" };
const STYLES = {
  title: { font: "600 40px Georgia, serif", height: 52, colour: COLOURS.ink },
  text: { font: "26px system-ui, sans-serif", height: 38, colour: COLOURS.ink },
  small: { font: "22px system-ui, sans-serif", height: 32, colour: COLOURS.soft },
};

/**
 * @param {string[]} said what the answer says, the headline first
 * @param {{confidences: {label: string, confidence: number}[]}} answer
 * @param {object} about what the Space says of itself
 * @returns {Promise<Blob>} a PNG
 */
export function picture([headline, ...details], answer, about) {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const { kind } = verdict(answer, about);
  const parts = [
    ...wrapped(pen, headline, "title"),
    ...details.flatMap((line) => wrapped(pen, line, "text")),
    ...(kind === "far" ? [] : answer.confidences.slice(0, SHOWN).map((one, at) => bar(one, at === 0 && kind, about))),
    ...[about.title, say("answer.notice")].filter(Boolean).flatMap((line) => wrapped(pen, line, "small")),
  ];
  canvas.width = WIDTH;
  canvas.height = parts.reduce((sum, { height }) => sum + height, 2 * EDGE);
  pen.fillStyle = COLOURS.paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  parts.reduce((top, { height, draw }) => (draw(pen, top), top + height), EDGE);
  return new Promise((resolve) => canvas.toBlob(resolve));
}

/** A sentence in lines that fit; some languages have no spaces, so words are found by Intl. */
function wrapped(pen, text, style) {
  const { font, height, colour } = STYLES[style];
  pen.font = font;
  const lines = [""];
  const segments = new Intl.Segmenter(document.documentElement.lang, { granularity: "word" }).segment(text);
  for (const { segment, isWordLike } of segments) {
    const line = lines.at(-1) + segment;
    if (isWordLike && lines.at(-1) && pen.measureText(line).width > INNER) lines.push(segment);
    else lines[lines.length - 1] = line;
  }
  return lines.map((line, at) => ({
    height: height + (at === lines.length - 1 ? height / 2 : 0),
    draw: (onto, top) => write(onto, line.trim(), EDGE, top, font, colour),
  }));
}

function bar({ label, confidence }, kind, { threshold }) {
  const { font, height, colour } = STYLES.text;
  const { key, values } = percent(confidence);
  const draw = (pen, top) => {
    write(pen, label, EDGE, top, font, colour);
    pen.textAlign = "right";
    write(pen, say(key, values), WIDTH - EDGE, top, font, colour);
    pen.textAlign = "left";
    box(pen, COLOURS.track, EDGE, top + height, INNER, BAR);
    box(pen, kind === "sure" ? COLOURS.gold : COLOURS.fill, EDGE, top + height, INNER * confidence, BAR);
    if (kind === "unsure" && threshold) box(pen, COLOURS.ink, EDGE + INNER * threshold - 2, top + height - 5, 4, BAR + 10);
  };
  return { height: height + BAR + 24, draw };
}

function box(pen, colour, left, top, width, height) {
  pen.fillStyle = colour;
  pen.fillRect(left, top, width, height);
}

function write(pen, text, left, top, font, colour) {
  pen.font = font;
  pen.fillStyle = colour;
  pen.textBaseline = "top";
  pen.fillText(text, left, top);
}
