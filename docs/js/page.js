/** What all pages share: the language and its switch, the links between pages, what happens to a photo, and the foot. */
import { showSource } from "./source.js";
import { keepOnLinks } from "./links.js";
import { showPrivacy } from "./privacy.js";
import { speak } from "./words.js";

const chooser = document.getElementById("language");

async function change() {
  const url = new URL(location.href);
  url.searchParams.set("lang", chooser.value);
  try {
    await speak(chooser.value);
  } finally {
    show();
  }
  history.replaceState(null, "", url);
  keepOnLinks();
}

/** Shows which language the page speaks: another one than was wished where that did not come. */
function show() {
  chooser.value = document.documentElement.lang;
}

if (chooser) {
  show();
  new MutationObserver(show).observe(document.documentElement, { attributeFilter: ["lang"] });
  chooser.addEventListener("change", change);
  chooser.disabled = false;
}
showSource();
showPrivacy();
keepOnLinks();
