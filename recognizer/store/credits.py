"""The credits: ATTRIBUTION.md names title, author, licence and page of a recipe's kept photos and examples.

All of that was written by strangers, and none of it may become a heading, a picture, HTML or a link of its own.
"""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from recognizer.errors import NotFound
from recognizer.files import write_whole
from recognizer.recipe import Recipe
from recognizer.report import write_report
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo

FILE = "ATTRIBUTION.md"
UNKNOWN = "unknown"
_ROW = re.compile(r"\| [0-9a-f]{16} \| ")  # see `_row`

# What means something within a line of GitHub's Markdown (https://github.github.com/gfm), addresses included.
_MARKUP = re.compile(r"[\\`*_\[\]<>&|~!$:@#]|(?<=www)\.", re.IGNORECASE)
# Characters that turn the direction of what follows them.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_ADDRESS = "%/:=?&~#+!$,;@"  # what may stand in an address beside letters, digits, and _ . - ~


def write_credits(recipe: Recipe, store: PhotoStore, file: Path | None = None) -> dict[str, Any]:
    """Write where every kept photo of the recipe's classes comes from, and every example.

    Args:
        recipe: the recipe.
        store: the photo store.
        file: what to write; ATTRIBUTION.md in the work folder by default.

    Returns:
        The report, as written to `reports/credits.json`.

    Raises:
        NotFound: no photo is kept.
        WorkInUse: another run is at work in the work folder.
        Unwritable: the file cannot be written.
    """
    begun = time.monotonic()
    with store.locked():
        if not _of(recipe, store.photos.kept()):
            raise NotFound(f"{store.work} has no photos to give credit for; run {recipe.command('collect')} first.")
        photos = _of(recipe, credited(store))
        write_whole(file or store.work / FILE, attribution(recipe, photos).encode())
        counts = {"photos": len(photos), "without_licence": _without_licence(photos)}
        return write_report(store.work, "credits", recipe.name, time.monotonic() - begun, counts)


def credited(store: PhotoStore) -> list[Photo]:
    """Return the photos that credit is given for: those that are kept, and the examples."""
    return [*store.photos.kept(), *store.examples.all()]


def attribution(recipe: Recipe, photos: Sequence[Photo]) -> str:
    """Return the Markdown text that names the sources of photos, grouped by class.

    Args:
        recipe: the recipe, whose order of classes is used.
        photos: the photos; those under other labels are left out.
    """
    by_label: dict[str, list[Photo]] = {label: [] for label in recipe.labels}
    for photo in _of(recipe, photos):
        by_label[photo.label].append(photo)
    parts = [_class_part(label, members) for label, members in by_label.items() if members]
    return "\n".join([_head(recipe, _of(recipe, photos)), *parts])


def _of(recipe: Recipe, photos: Sequence[Photo]) -> list[Photo]:
    """Return the photos whose label is a class of the recipe; it may have had others before."""
    return [photo for photo in photos if photo.label in recipe.labels]


def without_rows(text: str, gone: set[str]) -> str:
    """Return what `attribution` wrote without the rows of some photos, and with the numbers of those that stay.

    Args:
        text: of a file that it wrote.
        gone: the sha256 of the photos.
    """
    names = {digest[:16] for digest in gone}
    before = text.split("\n")
    lines = [line for line in before if line.removeprefix("| ").partition(" | ")[0] not in names]
    if lines != before:
        rows = [line for line in lines if _ROW.match(line)]
        lines[2] = _numbers(len(rows), sum(row.endswith(f"| {UNKNOWN} |") for row in rows))
    return "\n".join(lines)


def _head(recipe: Recipe, photos: Sequence[Photo]) -> str:
    return f"# Photos of {escape(recipe.title)}\n\n{_numbers(len(photos), _without_licence(photos))}\n"


def _numbers(photos: int, without_licence: int) -> str:
    return (
        f"{photos} photos, each with the page that it was found on, if any. "
        f"Of {without_licence} no licence is known: the rights in them are their authors'."
    )


def _class_part(label: str, photos: Sequence[Photo]) -> str:
    lines = [f"## {escape(label)}", "", "| photo | title | author | licence |", "|---|---|---|---|"]
    return "\n".join([*lines, *(_row(photo) for photo in photos), ""])


def _row(photo: Photo) -> str:
    title = _link(_title(photo), photo.page)
    author, licence = escape(photo.author) or UNKNOWN, escape(photo.licence) or UNKNOWN
    return f"| {photo.path.stem} | {title} | {author} | {licence} |"


def _title(photo: Photo) -> str:
    """Return the title of a photo; that of one from somebody's own disk is the name of its file, which is private."""
    is_own = not photo.page and not _is_web(photo.image)
    return "untitled" if is_own else photo.title or "untitled"


def _link(text: str, address: str) -> str:
    """Return text as a link, or as itself where the address is not one of the web."""
    if not _is_web(address):
        return escape(text)
    return f"[{escape(text)}]({quote(address, safe=_ADDRESS).replace('&', '&amp;')})"


def _is_web(address: str) -> bool:
    try:
        return urlsplit(address).scheme in ("http", "https")
    except ValueError:  # such as http://[
        return False


def escape(text: str) -> str:
    """Return a stranger's text as Markdown that shows just this text, on one line.

    Args:
        text: as it was found.
    """
    plain = " ".join(_TURNING.sub("", text).split())
    return _MARKUP.sub(
        lambda found: "\\" + found.group(), "".join(c for c in plain if c.isprintable() or c in "\u200c\u200d")
    )


def _without_licence(photos: Sequence[Photo]) -> int:
    return sum(not photo.licence.strip() for photo in photos)
