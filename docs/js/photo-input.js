/** The four ways in: choose, take, drop, paste. The buttons are disabled until somebody listens. */

/**
 * @param {(files: File[]) => void} onFiles
 * @returns {() => void} opens the file chooser
 */
export function watchPhotos(onFiles) {
  const choose = watchChooser("file", "choose", onFiles);
  watchChooser("camera", "take", onFiles);
  const zone = document.getElementById("drop");
  zone.addEventListener("click", choose);
  watchDrops(zone, onFiles);
  document.addEventListener("paste", (event) => {
    event.preventDefault();
    onFiles([...event.clipboardData.files]);
  });
  return choose;
}

function watchChooser(inputId, buttonId, onFiles) {
  const input = document.getElementById(inputId);
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // so that choosing the same file again counts as a choice
    if (files.length) onFiles(files);
  });
  const open = () => input.click();
  const button = document.getElementById(buttonId);
  button.addEventListener("click", open);
  button.disabled = false;
  return open;
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
