"""Writes what is published as a folder, whole, whatever its form.

files = publish(recipe, work / "model", Path("space"), Order(FORMS["cpu"]))
"""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from huggingface_hub import constants

from recognizer.errors import RecognizerError
from recognizer.files import alone_in, write_whole, writing
from recognizer.publish.order import Order
from recognizer.publish.readme import space_readme
from recognizer.publish.repository import WELCOME
from recognizer.publish.site import OF_FIGURES, is_docs, write_site
from recognizer.publish.space import DEPLOYMENT, assemble_space
from recognizer.recipe import Recipe
from recognizer.report import write_report
from recognizer.serve.facts import read_facts
from recognizer.serve.opening import open_model
from recognizer.store.pushed import noted_pushes, without_photos
from recognizer.store.spaces import MARKER, MODEL, is_space, note_space, noted_spaces, take_note_back

ATTRIBUTES = ".gitattributes"  # what git keeps as large files, without which Hugging Face takes no picture
HALF = ".part"  # the folder within a published one in which the next is put together
# What a fresh clone of a Space holds, and what systems put into any folder.
CLONED = {".git", ".gitattributes", "README.md", ".DS_Store", "Thumbs.db"}
KEPT = {"", "..", ".git", HALF}  # what no line of the marker may name


def publish(recipe: Recipe, model: Path, to: Path, order: Order) -> list[Path]:
    """Write a folder that can be put on the web.

    Args:
        recipe: the recipe that the model was built from.
        model: the model folder in a work folder, whose `reports/publish.json` then names `to`.
        to: the folder to write; it must be empty, missing, a fresh clone of a Space, or one that was written before.
            For the form "pages" it may also be docs/ of this checkout.
        order: the form, and what else is to be known.

    Returns:
        The files that are in it now, relative to `to`.

    Raises:
        ModelError: the model folder is not whole.
        RecognizerError: `to` holds something else.
        WorkInUse: another run is at work in the work folder.
        Unwritable: the disk is full, or the folder may not be written.
    """
    _check_place(model, to, order)
    read_facts(model)  # before a folder is made for what is not there
    with alone_in(model.parent):
        begun = time.monotonic()
        facts = open_model(model, order.runtime).facts
        with _noted(model.parent, to) as noted:
            _write(recipe, model, facts, to, order)
        files = published_files(to)
        counts = {"files": len(files)}
        pushed = [without_photos(entry) for entry in noted_pushes(model.parent)]
        seconds = time.monotonic() - begun
        write_report(model.parent, "publish", recipe.name, seconds, counts, **noted, pushed=pushed)
        return files


def published_files(folder: Path) -> list[Path]:
    """Return the files of a published folder, relative to it, without those of git."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)


@contextmanager
def _noted(work: Path, to: Path) -> Iterator[dict[str, list[str]]]:
    """Note a folder before it is written, so that `forget` knows of it however that ends.

    The note goes again only where nothing was written: not of a folder from before, which may be away for a while.
    """
    was_known = to.resolve() in noted_spaces(work)
    noted = note_space(work, to)
    try:
        yield noted
    except BaseException:
        if not (was_known or is_space(to)):
            take_note_back(work, to)
        raise


def _write(recipe: Recipe, model: Path, facts: dict[str, Any], to: Path, order: Order) -> None:
    half = to / HALF
    with writing(to):
        to.mkdir(parents=True, exist_ok=True)
        (to / MARKER).touch()  # first, so that a stop below leaves what can be written again
        if is_docs(to):
            _write_docs(recipe, model, to, order)
            return
        shutil.rmtree(half, ignore_errors=True)
        try:
            _assemble(recipe, model, facts, half, order)
            _put(half, to)
        finally:
            shutil.rmtree(half, ignore_errors=True)


def _assemble(recipe: Recipe, model: Path, facts: dict[str, Any], half: Path, order: Order) -> None:
    if order.form.answers:
        assemble_space(model, facts, half, order)
        return
    _write_site(recipe, model, half, order)
    if order.form.sdk:
        write_whole(half / "README.md", space_readme(facts, order).encode())
        write_whole(half / ATTRIBUTES, (DEPLOYMENT / ATTRIBUTES).read_bytes())


def _write_site(recipe: Recipe, model: Path, to: Path, order: Order) -> list[Path]:
    """Write a site on which the visitor's browser answers, or the Space that was named."""
    answers = {"space": order.space} if order.space else {"model": model}
    return write_site(recipe, to, address=order.address, **answers)


def _write_docs(recipe: Recipe, model: Path, to: Path, order: Order) -> None:
    """Write into the site of this checkout, and take away what a model before left there."""
    written = set(_write_site(recipe, model, to, order))
    before = [*(to / MODEL).rglob("*"), *(to / name for name in OF_FIGURES.values())]
    for file in [file for file in before if file.is_file() and file.relative_to(to) not in written]:
        file.unlink()


def _check_place(model: Path, to: Path, order: Order) -> None:
    """Refuse a folder in which something else than what was published would be overwritten or published."""
    here, there = to.resolve(), model.resolve()
    if there.is_relative_to(here) or here.is_relative_to(there):
        raise RecognizerError(f"{to} holds the model itself, or lies in it; name another folder for the Space.")
    if to.exists() and not to.is_dir():
        raise RecognizerError(f"{to} is a file; name a folder for the Space, an empty or a missing one.")
    if order.form.name == "pages" and is_docs(to):
        return
    held = {path.name for path in to.iterdir()} if to.is_dir() else set()
    others = sorted(held - CLONED - _welcome(to, order))
    is_ours = MARKER in held or {"app.py", "model", "recognizer"} <= held
    if others and (not is_ours or is_docs(to)):
        raise RecognizerError(
            f"{to} holds other files, such as {others[0]}; name an empty folder, a fresh clone of a Space, or one that "
            "publish wrote before."
        )


def _welcome(to: Path, order: Order) -> set[str]:
    """Return what a new static Space holds besides; but in a clone of a Space, it may be anybody's site."""
    return WELCOME if order.form.sdk == "static" and _is_clone_of_space(to) else set()


def _is_clone_of_space(to: Path) -> bool:
    config, host = to / ".git" / "config", re.escape(urlsplit(constants.ENDPOINT).netloc)
    told = config.read_text(encoding="utf-8", errors="replace") if config.is_file() else ""
    return re.search(rf"({host}|hf\.co)[/:]spaces/", told) is not None


def _put(half: Path, to: Path) -> None:
    """Move each part into place, and take away those of the time before; a git checkout keeps its own folder."""
    parts = {part.name for part in half.iterdir()}
    before = _parts_before(to)
    _note_parts(to, parts | before)  # all that a stop below may leave
    for name in sorted(parts | before):
        _remove(to / name)
        if name in parts:
            (half / name).replace(to / name)
    _note_parts(to, parts)


def _parts_before(to: Path) -> set[str]:
    """Return the parts of the time before: plain names in the folder, for whoever made it may have put in others."""
    lines = (to / MARKER).read_text(encoding="utf-8").splitlines()
    return {line for line in lines if Path(line).name == line and line.lower() not in KEPT}


def _note_parts(to: Path, parts: set[str]) -> None:
    write_whole(to / MARKER, "".join(f"{name}\n" for name in sorted(parts)).encode())


def _remove(place: Path) -> None:
    shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink(missing_ok=True)
