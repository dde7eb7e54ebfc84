/**
 * What the page says: the sentences of words/<language>.json, put where `data-say` names their keys. A page need not wait
 * for them: what is put before they are there is said as soon as they are.
 */
import { STALLED_MS, within } from "./patience.js";
import { SpaceError } from "./space-error.js";

const root = document.documentElement;
const notLoaded = document.getElementById("not-loaded");
let words = null;
let wanted = root.lang;
let loading = null;

/**
 * Says everything in a language from here on.
 *
 * @param {string} language one of the page's data-languages
 * @throws {SpaceError} where its sentences do not load, which the page then says; all else stays as it was
 */
export async function speak(language) {
  wanted = language;
  const said = await sentences(language).catch((cause) => {
    notLoaded.hidden = false;
    throw SpaceError.quoting(notLoaded.textContent, { cause });
  });
  if (language !== wanted) return; // another one was chosen meanwhile
  words = said;
  notLoaded.hidden = true;
  root.lang = language;
  document.querySelectorAll("[data-say]").forEach(fill);
  document.querySelectorAll("[data-say-label]").forEach(fillLabel);
}

/**
 * Resolves as soon as the page can say something; after a failure each call tries again.
 *
 * @throws {SpaceError} see `speak`
 */
export async function spoken() {
  if (words) return;
  loading ??= speak(wanted).finally(() => {
    loading = null;
    if (!words) root.lang = "en"; // which the page is written in
    root.classList.remove("unsaid");
  });
  await loading;
}

async function sentences(language) {
  const file = `words/${language}.json`;
  const response = await within(fetch(file), STALLED_MS, new Error(`${file} does not come`));
  if (!response.ok) throw new Error(`${file}: ${response.status} ${response.statusText}`);
  return within(response.json(), STALLED_MS, new Error(`${file} does not come whole`));
}

/**
 * @param {string} key section and name, such as "site.ready"
 * @param {object} values of its placeholders: a text, a whole number, `{share}` of 1, `{counted}` share of 1, `{name}` of a class,
 *   or `{key, values}` of another sentence
 * @returns {string}
 */
export function say(key, values = {}) {
  return pieces(key, values).map((piece) => piece.textContent ?? piece).join("");
}

/** Says a sentence in an element, in whatever language the page comes to speak; key and values as in `say`. */
export function put(element, key, values = {}) {
  const told = JSON.stringify(values);
  if (element.dataset.say === key && (element.dataset.values ?? "{}") === told) return; // not read aloud twice
  element.dataset.say = key;
  element.dataset.values = told;
  fill(element);
}

/** Says what an element is to screen readers, in whatever language the page comes to speak. */
export function putLabel(made, key) {
  made.dataset.sayLabel = key;
  fillLabel(made);
}

/** Says what a picture shows, in whatever language the page comes to speak. */
export function putAlt(image, key, values) {
  Object.assign(image.dataset, { sayLabel: key, sayIn: "alt", values: JSON.stringify(values) });
  fillLabel(image);
}

/**
 * Says what went wrong: by its key, or in the words of the Space, which speaks English.
 *
 * @param {HTMLElement} element
 * @param {{key?: string, values?: object, said?: string}} told
 */
export function tell(element, { key, values, said }) {
  if (key) {
    element.removeAttribute("lang");
    put(element, key, values);
    return;
  }
  element.lang = "en";
  delete element.dataset.say;
  element.textContent = said;
}

/** The sentence for a share from 0 to 1 in percent, which never claims certainty. */
export function percent(share) {
  if (share < 0.01) return { key: "answer.under", values: { share: { counted: 0.01 } } };
  if (share > 0.99) return { key: "answer.over", values: { share: { counted: 0.99 } } };
  return counted(share);
}

function counted(share) {
  return { key: "answer.percent", values: { number: Math.round(share * 100) } };
}

function fill(element) {
  if (!words) return;
  const { say: key, values = "{}" } = element.dataset;
  element.replaceChildren(...pieces(key, JSON.parse(values)));
}

function fillLabel(element) {
  if (!words) return;
  const { sayLabel: key, sayIn: attribute = "aria-label", values = "{}" } = element.dataset;
  element.setAttribute(attribute, say(key, JSON.parse(values)));
}

function pieces(key, values) {
  const [section, name] = key.split(".");
  const sentence = words[section][name];
  return sentence.split(/\{(\w+)\}/).flatMap((piece, at) => (at % 2 ? shown(values[piece]) : piece));
}

function shown(value) {
  if (typeof value === "number") return new Intl.NumberFormat(root.lang).format(value);
  if (typeof value === "string") return value;
  if ("name" in value) return named(value.name);
  const { key, values = {} } = "key" in value ? value : "share" in value ? percent(value.share) : counted(value.counted);
  return pieces(key, values);
}

function named(name) {
  const made = document.createElement("span");
  made.lang = "en";
  made.textContent = name;
  return made;
}

spoken().catch(reportError);
