/** An answer as a picture: its sentences, its bars, and what it cannot tell. The photo itself is not in it. */
import { percent, say } from "./words.js";

const WIDTH = 1000;
const EDGE = 60;
const INNER = WIDTH - 2 * EDGE;
const BAR = 16;
const COLOURS = { paper: "#faf8f4", ink: "#1d2426", soft: "#535e61", track: "#e9e4d9", fill: "#5f97a5", gold: "#a86a00" };
const STYLES = {
  title: { font: "600 40px Georgia, serif", height: 52, colour: COLOURS.ink },
  head: { font: "600 30px Georgia, serif", height: 40, colour: COLOURS.ink },
  text: { font: "26px system-ui, sans-serif", height: 38, colour: COLOURS.ink },
  small: { font: "22px system-ui, sans-serif", height: 32, colour: COLOURS.soft },
};

const SHOWN = 5; // bars of an answer

/**
 * @param {{height: number, draw: (pen: CanvasRenderingContext2D, top: number) => void}[]} parts from top to bottom
 * @param {object} about what the Space says of itself
 * @returns {Promise<Blob>} a PNG, at whose foot stands what the answer cannot tell
 */
export function picture(parts, about) {
  const foot = [about.title, say("answer.notice")].filter(Boolean).flatMap((line) => lines(line, "small"));
  const all = [...parts, ...foot];
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  canvas.width = WIDTH;
  canvas.height = all.reduce((sum, { height }) => sum + height, 2 * EDGE);
  pen.fillStyle = COLOURS.paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  all.reduce((top, { height, draw }) => (draw(pen, top), top + height), EDGE);
  return new Promise((resolve) => canvas.toBlob(resolve));
}

/**
 * A sentence in lines that fit; some languages have no spaces, so words are found by Intl.
 *
 * @param {string} text
 * @param {"title" | "head" | "text" | "small"} style
 */
export function lines(text, style) {
  const { font, height, colour } = STYLES[style];
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = font;
  const found = [""];
  const segments = new Intl.Segmenter(document.documentElement.lang, { granularity: "word" }).segment(text);
  for (const { segment, isWordLike } of segments) {
    const line = found.at(-1) + segment;
    if (isWordLike && found.at(-1) && pen.measureText(line).width > INNER) found.push(segment);
    else found[found.length - 1] = line;
  }
  return found.map((line, at) => ({
    height: height + (at === found.length - 1 ? height / 2 : 0),
    draw: (onto, top) => write(onto, line.trim(), EDGE, top, font, colour),
  }));
}

/**
 * The likeliest classes and their shares.
 *
 * @param {{label: string, confidence: number}[]} confidences likeliest first
 * @param {{sure?: boolean, threshold?: number}} marks whether the first is the answer; from where on it would be
 */
export function shareBars(confidences, marks) {
  return confidences.slice(0, SHOWN).map((one, at) => shareBar(one, at === 0 ? marks : {}));
}

function shareBar({ label, confidence }, { sure, threshold }) {
  const { key, values } = percent(confidence);
  return bar(label, say(key, values), 0, confidence, sure ? COLOURS.gold : COLOURS.fill, threshold);
}

/** A number's interval within its range, and the number in it; see `rangeBar`. */
export function intervalBar({ value, low, high }, [least, most], unit) {
  const [start, end, mark] = [low, high, value].map((one) => Math.min(Math.max((one - least) / (most - least), 0), 1));
  return bar(`${least}`, `${most} ${unit}`.trim(), start, end, COLOURS.gold, mark);
}

/** A bar from one share of its width to another, with a text at either end above it. */
function bar(left, right, start, end, colour, mark) {
  const { font, height, colour: ink } = STYLES.text;
  const draw = (pen, top) => {
    write(pen, left, EDGE, top, font, ink);
    pen.textAlign = "right";
    write(pen, right, WIDTH - EDGE, top, font, ink);
    pen.textAlign = "left";
    box(pen, COLOURS.track, EDGE, top + height, INNER, BAR);
    box(pen, colour, EDGE + INNER * start, top + height, INNER * (end - start), BAR);
    if (mark !== undefined) box(pen, COLOURS.ink, EDGE + INNER * mark - 2, top + height - 5, 4, BAR + 10);
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
