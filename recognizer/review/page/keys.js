// Keys to actions. A key that repeats itself decides nothing, and fields keep their keys.

const ALWAYS = { g: "mode", u: "undo", "?": "help" };
const CHOICES = { k: "keep", d: "drop", r: "relabel", s: "suggested" };
const SINGLE = { ArrowRight: "next", ArrowLeft: "previous", n: "next", p: "previous", Escape: "mode" };
const GRID = {
  ArrowRight: "next", ArrowLeft: "previous", ArrowDown: "down", ArrowUp: "up", Home: "first", End: "last",
  " ": "select", Enter: "mode", Escape: "selectNone",
};
const BLIND = { n: "none", c: "unclear", u: "undo", l: "later", f: "find", "?": "help" };
for (let digit = 1; digit < 10; digit += 1) BLIND[digit] = `class${digit}`;
const REPEATING = new Set(["next", "previous", "down", "up"]);

// Call an action for each key that means one; `viewNow` tells which view shows, `actionsOf` what can be done there.
export function listen(actionsOf, viewNow) {
  document.addEventListener("keydown", (event) => {
    const actions = actionsOf(viewNow());
    const name = meaning(event, viewNow());
    if (!name || (event.repeat && !REPEATING.has(name))) return;
    event.preventDefault();
    actions[name](event.shiftKey);
  });
}

function meaning(event, view) {
  const { key } = event;
  // A dialog that has just closed keeps the focus until the page is drawn again.
  const target = event.target.closest("dialog:not([open])") ? document.body : event.target;
  if (event.altKey || target.closest("input, select, textarea, dialog")) return undefined;
  if (event.ctrlKey || event.metaKey) return view === "grid" && key.toLowerCase() === "a" ? "selectAll" : undefined;
  if (target.closest("a, button") && (key === "Enter" || key === " ")) return undefined;
  const name = key.length === 1 ? key.toLowerCase() : key;
  if (view === "blind") return BLIND[name];
  return ALWAYS[name] ?? CHOICES[name] ?? (view === "grid" ? GRID : SINGLE)[name];
}
