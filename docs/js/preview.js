/** Shows the chosen photo, or its name where the browser cannot draw it (HEIC). */
const image = document.getElementById("preview");
const placeholder = document.getElementById("placeholder");
const button = document.getElementById("choose");

/** @param {File | null} file null shows none */
export function showPreview(file) {
  URL.revokeObjectURL(image.src);
  image.hidden = true;
  placeholder.hidden = true;
  button.textContent = file ? "Choose another photo" : "Choose a photo";
  button.parentElement.parentElement.classList.toggle("filled", file !== null);
  if (file) draw(file);
}

function draw(file) {
  image.onload = () => (image.hidden = false);
  image.onerror = () => {
    placeholder.textContent = `${file.name}: this browser cannot show this kind of file; the Space can read most of them.`;
    placeholder.hidden = false;
  };
  image.alt = `Your photo, ${file.name}`;
  image.src = URL.createObjectURL(file);
}
