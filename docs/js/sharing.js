/** What a visitor can do with an answer: copy it as text, save it as a picture or as data, print it. */
import { element, sentence } from "./dom.js";
import { picture } from "./picture.js";
import { measuredFor, verdict } from "./verdict.js";
import { percent, put, say } from "./words.js";

const SAID_FOR_MS = 4000;

/** @returns {HTMLElement} the buttons for an answer; arguments as for `renderAnswer` */
export function sharing(answer, about) {
  const row = element("div", "sharing");
  if (navigator.clipboard) row.append(button("site.copy", (own) => copy(own, answer, about)));
  row.append(
    button("site.save_picture", async () => save("answer.png", await picture(lines(answer, about), answer, about))),
    button("site.save_data", () => save("answer.json", asData(answer, about))),
    button("site.print", () => window.print()),
  );
  return row;
}

/** The answer in lines: what it says, how sure it is, and how often such answers are right. */
function lines(answer, about) {
  const { kind, headline, detail } = verdict(answer, about);
  const measured = kind === "sure" ? measuredFor(answer.confidences[0].label, about) : null;
  return [headline, detail, ...(measured ? [measured] : [])].map(({ key, values }) => say(key, values));
}

function asText(answer, about) {
  const shares = answer.confidences.map(({ label, confidence }) => {
    const { key, values } = percent(confidence);
    return `${label}: ${say(key, values)}`;
  });
  return [...lines(answer, about), "", ...shares, "", say("answer.notice")].join("\n");
}

/** The fields of the Space's own `POST /predict`. */
function asData({ label, confidences }, about) {
  const { kind } = verdict({ label, confidences }, about);
  const told = {
    title: about.title,
    label,
    not_sure: kind !== "sure",
    far: kind === "far",
    probabilities: Object.fromEntries(confidences.map((one) => [one.label, one.confidence])),
    threshold: about.threshold,
    notice: say("answer.notice"),
  };
  return new Blob([JSON.stringify(told, null, 2)], { type: "application/json" });
}

async function copy(own, answer, about) {
  const copied = await navigator.clipboard.writeText(asText(answer, about)).then(() => true, () => false);
  put(own, copied ? "site.copied" : "site.not_copied");
  setTimeout(() => put(own, "site.copy"), SAID_FOR_MS);
}

function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function button(key, onClick) {
  const made = sentence("button", "button second", key, {});
  made.type = "button";
  made.addEventListener("click", () => onClick(made));
  return made;
}
