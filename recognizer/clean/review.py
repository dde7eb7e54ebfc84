"""The page where a person looks at suspicious photos, worst first, and decides: keep, drop, relabel, undo.

Each choice is in the photo store before the next photo shows. The page holds nothing but the photo that it shows, so
it can be closed, reloaded, or opened twice at any time.
"""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import getpass
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from recognizer.clean import review_view as view
from recognizer.clean.review_queue import ANY, CHECKS, Entry, Filter, decide, read_entry, read_queue
from recognizer.photos import AUTO, Action, PhotoStore
from recognizer.recipe import Recipe

SHA256 = 64  # hexadecimal digits
STATES = [
    ("Waiting for a person", "waiting"),
    ("Decided by rules only", "rules"),
    ("Decided by people", "people"),
    ("All", "all"),
]
SAVED = {"keep": "Kept", "drop": "Dropped", "relabel": "Relabelled"}
Shown = dict[Any, Any]  # component to value


def make_review(recipe: Recipe, store: PhotoStore) -> gr.Blocks:
    """Build the review page; launch it with `review_options(store)`.

    Args:
        recipe: the recipe, for its classes and names.
        store: the photo store; it must stay open as long as the page runs.
    """
    page: gr.Blocks
    with gr.Blocks(title=f"Review: {recipe.title}", analytics_enabled=False, fill_width=True) as page:
        _ReviewPage(recipe, store).lay_out(page)
    return page


def review_options(store: PhotoStore) -> dict[str, Any]:
    """Return how the page is launched: photos served from where they lie, nothing fetched from elsewhere."""
    theme = gr.themes.Soft(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    return {
        "theme": theme,
        "css": view.CSS,
        "js": view.JS,
        "allowed_paths": view.file_folders(store.work),
        "footer_links": [],
        "run_history": False,
        "ssr_mode": False,
    }


def person_name(name: str) -> str:
    """Return a person's name to decide by, or an empty string where it is none: the rules' own name is not."""
    name = " ".join(name.split())
    return "" if name.casefold() == AUTO else name


def _user() -> str:
    """Return the name of the user who runs the page; empty where the system has none, so that the page asks."""
    try:
        return person_name(getpass.getuser())
    except (ImportError, KeyError, OSError):
        return ""


class _ReviewPage:
    """One page: its components, and what happens when one is used."""

    def __init__(self, recipe: Recipe, store: PhotoStore) -> None:
        self._recipe = recipe
        self._store = store
        self._turn = threading.Lock()

    # Laying out

    def lay_out(self, page: gr.Blocks) -> None:
        """Put the components on the page and connect them."""
        with gr.Column(elem_id="review"):
            self._filters()
            self._head = gr.HTML(elem_id="head")
            with gr.Row(elem_id="desk"):
                with gr.Column(scale=3, min_width=320):
                    self._picture = gr.HTML(elem_id="picture")
                with gr.Column(scale=2, min_width=320):
                    self._desk()
        self._shown = gr.Textbox(visible="hidden", elem_id="shown")
        self._connect(page)

    def _filters(self) -> None:
        checks = [("All checks", ANY), *((f"{words[0].upper()}{words[1:]}", name) for name, words in CHECKS.items())]
        labels = [("All classes", ANY), *((label, label) for label in self._recipe.labels)]
        with gr.Row(elem_id="filters"):
            self._check = gr.Dropdown(checks, value=ANY, label="Check", min_width=150)
            self._label = gr.Dropdown(labels, value=ANY, label="Class", min_width=150)
            self._state = gr.Dropdown(STATES, value="waiting", label="State", min_width=150)
            self._name = gr.Textbox(_user(), label="Your name", max_lines=1, min_width=150)

    def _desk(self) -> None:
        self._why = gr.HTML(elem_id="why")
        with gr.Row(elem_id="choices"):
            self._keep = gr.Button("Keep", variant="primary", elem_id="keep", min_width=120)
            self._drop = gr.Button("Drop", variant="stop", elem_id="drop", min_width=120)
        with gr.Row(elem_id="labels"):
            self._relabel = gr.Button("Relabel to", elem_id="relabel", min_width=120)
            self._target = gr.Dropdown(
                self._recipe.labels, value=None, show_label=False, label="New class", elem_id="target", min_width=120
            )
        with gr.Row(elem_id="moving"):
            self._previous = gr.Button("Previous", elem_id="previous", min_width=80)
            self._undo = gr.Button("Undo", elem_id="undo", min_width=80)
            self._next = gr.Button("Next", elem_id="next", min_width=80)
        self._note = gr.HTML(elem_id="note")
        self._origin = gr.HTML(elem_id="origin")

    def _connect(self, page: gr.Blocks) -> None:
        page.load(**self._event(self._open, []))
        for chosen in (self._check, self._label, self._state):
            chosen.input(**self._event(self._open, []))
        choices: list[tuple[gr.Button, Action]] = [
            (self._keep, "keep"),
            (self._drop, "drop"),
            (self._relabel, "relabel"),
        ]
        for button, action in choices:
            self._on_press(button, partial(self._choose, action), [self._shown, self._name, self._target])
        self._on_press(self._undo, self._take_back, [self._shown, self._name])
        self._on_press(self._next, partial(self._move, 1), [self._shown])
        self._on_press(self._previous, partial(self._move, -1), [self._shown])
        # A chosen class leaves the list, so that the keys work at once.
        self._target.select(None, js="() => document.activeElement.blur()", api_visibility="private")

    def _on_press(self, button: gr.Button, answer: Callable[..., Shown], inputs: list[Any]) -> None:
        pressed = button.click(**self._event(answer, inputs))
        pressed.then(None, js="() => window.reviewAnswered()", api_visibility="private")

    def _event(self, answer: Callable[..., Shown], inputs: list[Any]) -> dict[str, Any]:
        """Describe an event that shows a photo; the filter comes last among its inputs."""
        return {
            "fn": answer,
            "inputs": [*inputs, self._check, self._label, self._state],
            "outputs": [
                *(self._shown, self._head, self._picture, self._why, self._origin, self._note),
                *(self._keep, self._drop, self._relabel, self._target, self._next, self._previous),
            ],
            "queue": False,
            "show_progress": "hidden",
            "api_visibility": "private",
        }

    # Answering

    def _open(self, *wanted: Any) -> Shown:
        queue = read_queue(self._store, Filter(*wanted))
        return self._show(next(iter(queue.photos), None), Filter(*wanted))

    def _choose(self, action: Action, shown: str, name: str, target: str | None, *wanted: Any) -> Shown:
        """Save a choice, then show the next photo; where it cannot be saved, say why and stay."""
        with self._turn:
            entry = read_entry(self._store, shown[:SHA256], Filter(*wanted).check)
            refusal = self._refusal(entry, action, shown, name, target)
            if entry is None or refusal:
                return self._show(shown[:SHA256], Filter(*wanted), refusal)
            decide(self._store, entry, action, target if action == "relabel" else None, person_name(name))
        following = read_queue(self._store, Filter(*wanted)).after(entry)
        return self._show(following, Filter(*wanted), f"{SAVED[action]} and saved. Undo brings it back.")

    def _refusal(self, entry: Entry | None, action: Action, shown: str, name: str, target: str | None) -> str:
        if entry is None:
            return "This photo is no longer stored; nothing was saved."
        if entry.version != shown:
            return "Somebody decided about this photo meanwhile; nothing was saved. Look again."
        if not person_name(name):
            return f"Nothing was saved: write your name first; “{AUTO}” is the name of the rules."
        if action == "relabel" and target not in self._recipe.labels:
            return "Nothing was saved: choose a class first."
        return ""

    def _take_back(self, shown: str, name: str, *wanted: Any) -> Shown:
        photo = self._store.undo(person_name(name))
        if photo is None:
            return self._show(shown[:SHA256], Filter(*wanted), f"There is nothing to undo for {name or 'you'}.")
        return self._show(photo, Filter(*wanted), "Undone: this photo is as it was before.")

    def _move(self, step: int, shown: str, *wanted: Any) -> Shown:
        entry = read_entry(self._store, shown[:SHA256], Filter(*wanted).check)
        if entry is None:
            return self._open(*wanted)
        queue = read_queue(self._store, Filter(*wanted))
        return self._show(queue.after(entry) if step > 0 else queue.before(entry), Filter(*wanted))

    def _show(self, photo: str | None, wanted: Filter, note: str = "") -> Shown:
        """Return the values of the components that show a photo, or that there is none left."""
        queue = read_queue(self._store, wanted)
        entry = read_entry(self._store, photo, wanted.check) if photo else None
        buttons = (self._keep, self._drop, self._relabel, self._next, self._previous)
        return {
            **{button: gr.Button(interactive=entry is not None) for button in buttons},
            self._head: view.head(self._recipe.title, queue, entry),
            self._note: view.note(note),
            **(self._entry(entry) if entry else self._end()),
        }

    def _entry(self, entry: Entry) -> Shown:
        return {
            self._shown: entry.version,
            self._picture: view.picture(entry),
            self._why: view.why(entry),
            self._origin: view.origin(entry.photo),
            self._keep: gr.Button(f"Keep as {entry.photo.found_as}", interactive=True),
            self._target: entry.suggestion,
        }

    def _end(self) -> Shown:
        waiting = read_queue(self._store, Filter()).left
        return {
            self._shown: "",
            self._picture: view.finished(self._recipe.name, waiting, checked=bool(self._store.issues())),
            **dict.fromkeys((self._why, self._origin), ""),
            self._keep: gr.Button("Keep", interactive=False),
            self._target: None,
        }
