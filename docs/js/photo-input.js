/** The three ways in: choose, drop, paste. */

/**
 * @param {HTMLInputElement} input the file chooser
 * @param {HTMLElement} zone what lights up while something is dragged over the page
 * @param {(files: File[]) => void} onFiles
 */
export function watchPhotos(input, zone, onFiles) {
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // so that choosing the same file again counts as a choice
    if (files.length) onFiles(files);
  });
  document.addEventListener("paste", (event) => {
    event.preventDefault();
    onFiles([...event.clipboardData.files]);
  });
  watchDrops(zone, onFiles);
}

function watchDrops(zone, onFiles) {
  const light = (on) => zone.classList.toggle("over", on);
  document.addEventListener("dragover", (event) => {
    event.preventDefault(); // without this the browser would leave the page for the dropped file
    light(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget ?? light(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    light(false);
    onFiles([...event.dataTransfer.files]);
  });
}
