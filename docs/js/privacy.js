/** Says on the page about this site what happens to a photo: in this browser, or in the Space that the address names. */
import { answersHere, namesSpace } from "./space-address.js";
import { put } from "./words.js";

export function showPrivacy() {
  const sent = document.getElementById("privacy-sent");
  if (!sent) return;
  const here = document.getElementById("privacy-here");
  if (here) {
    here.hidden = !answersHere(location.search);
    sent.hidden = !here.hidden;
  }
  if (namesSpace(location.search)) put(sent.querySelector("li"), "site.privacy_sent_other");
}
