/** What all pages share: the language and its switch, the links between pages, and the foot. */
import { showSource } from "./source.js";
import { keepOnLinks } from "./links.js";
import { speak } from "./words.js";

const chooser = document.getElementById("language");

async function change() {
  const url = new URL(location.href);
  url.searchParams.set("lang", chooser.value);
  try {
    await speak(chooser.value);
  } finally {
    chooser.value = document.documentElement.lang;
  }
  history.replaceState(null, "", url);
  keepOnLinks();
}

if (chooser) {
  chooser.value = document.documentElement.lang;
  chooser.addEventListener("change", change);
  chooser.disabled = false;
}
showSource();
keepOnLinks();
