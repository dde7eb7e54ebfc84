/** Shows the chosen photo, or says that the browser cannot (HEIC in most of them). */
import { put, putAlt } from "./words.js";

const zone = document.getElementById("drop");
const image = document.getElementById("preview");
const placeholder = document.getElementById("placeholder");
let current = null;

/**
 * @param {File | null} file null shows none
 * @param {boolean} here whether it has to be decoded in this browser
 * @returns {Promise<boolean>} whether it could be shown, once its pixels are there
 */
export async function showPreview(file, here) {
  current = file;
  URL.revokeObjectURL(image.src);
  image.removeAttribute("src");
  zone.classList.toggle("filled", file !== null);
  put(document.getElementById("choose"), file ? "site.choose_another" : "site.choose");
  document.getElementById("clear").hidden = file === null;
  const shown = file !== null && (await draws(file));
  if (file !== current) return shown;
  image.hidden = !shown;
  placeholder.hidden = file === null || shown;
  if (file && !shown) put(placeholder, here ? "here.unreadable" : "site.not_shown", { name: file.name });
  return shown;
}

function draws(file) {
  putAlt(image, "site.your_photo_name", { name: file.name });
  image.src = URL.createObjectURL(file);
  return image.decode().then(() => true, () => false);
}
