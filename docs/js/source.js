/** The foot of a page: where the source code is, who answers, and where to suggest better words. */
import { REPOSITORY } from "./config.js";
import { spaceAddress } from "./space-address.js";

const PAGES_HOST = ".github.io";

export function showSource() {
  const repository = REPOSITORY ?? repositoryOf(location);
  const space = spacePage();
  link("source", repository);
  link("space-page", repository ? null : space);
  link("correct", repository ? `${repository}/tree/HEAD/recognizer/words` : discussions(space));
}

/** GitHub Pages serves the repository `repository` of `owner` at owner.github.io/repository. */
function repositoryOf({ hostname, pathname }) {
  if (!hostname.endsWith(PAGES_HOST)) return null;
  return `https://github.com/${hostname.replace(PAGES_HOST, "")}/${pathname.split("/")[1] || hostname}`;
}

function spacePage() {
  try {
    return spaceAddress(location.search)?.page ?? null;
  } catch {
    return null; // the recognizer page says what is wrong with it
  }
}

function discussions(page) {
  return page?.startsWith("https://huggingface.co/") ? `${page}/discussions` : null;
}

function link(id, href) {
  const element = document.getElementById(id);
  element.hidden = !href;
  if (href) element.href = href;
}
