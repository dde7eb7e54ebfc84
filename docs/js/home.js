/** The home page: the list of groups, from this site's own groups.json. */
import "./links.js";
import { renderGroups } from "./groups.js";

const note = document.getElementById("groups-note");

async function showGroups() {
  const response = await fetch("groups.json");
  if (!response.ok) throw new Error(`groups.json: ${response.status} ${response.statusText}`);
  const { classes } = await response.json();
  renderGroups(document.getElementById("groups"), classes);
  note.hidden = true;
}

showGroups().catch((error) => {
  note.textContent = "The list of groups could not be loaded. Reload the page to try again.";
  throw error;
});
