// Keys to actions. A key that repeats itself decides nothing, and fields keep their keys.

const ALWAYS = { g: "mode", u: "undo", "?": "help" };
const CHOICES = { k: "keep", d: "drop", r: "relabel", s: "suggested" };
const SINGLE = { ArrowRight: "next", ArrowLeft: "previous", n: "next", p: "previous", Escape: "mode" };
const GRID = {
  ArrowRight: "next", ArrowLeft: "previous", ArrowDown: "down", ArrowUp: "up", Home: "first", End: "last",
  " ": "select", Enter: "mode", Escape: "selectNone",
};
const REPEATING = new Set(["next", "previous", "down", "up"]);

// Call an action of `actions` for each key that means one; `inGrid` tells which view shows.
export function listen(actions, inGrid) {
  document.addEventListener("keydown", (event) => {
    const name = meaning(event, inGrid());
    if (!name || (event.repeat && !REPEATING.has(name))) return;
    event.preventDefault();
    actions[name](event.shiftKey);
  });
}

function meaning(event, inGrid) {
  const { key } = event;
  // A dialog that has just closed keeps the focus until the page is drawn again.
  const target = event.target.closest("dialog:not([open])") ? document.body : event.target;
  if (event.altKey || target.closest("input, select, textarea, dialog")) return undefined;
  if (event.ctrlKey || event.metaKey) return inGrid && key.toLowerCase() === "a" ? "selectAll" : undefined;
  if (target.closest("a, button") && (key === "Enter" || key === " ")) return undefined;
  const name = key.length === 1 ? key.toLowerCase() : key;
  return ALWAYS[name] ?? CHOICES[name] ?? (inGrid ? GRID : SINGLE)[name];
}
