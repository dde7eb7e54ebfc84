"""What a person typed becomes the plan of a recipe, checked before anything is written."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recognizer.errors import RecipeError
from recognizer.names import LONGEST as LONGEST_NAME
from recognizer.names import check_class_name, folded, folder_name
from recognizer.new.wikipedia import Meaning
from recognizer.recipe import ENGINES
from recognizer.words.sources import describe_source

FREE = ("duckduckgo", "bing", "openverse")  # engines that ask for no key and for no address to write to
OWN = ("folder",)  # the engine of one's own photos
FEWEST = 2  # words
LONGEST = 60  # characters of a file's name


@dataclass(frozen=True)
class Plan:
    """A recipe to be.

    Args:
        title: shown at the head of the pages.
        words: the names of the classes, as they were typed.
        topic: what all of them are, such as "bird"; may be empty.
        engines: that find photos.
        folder: of one's own photos, a subfolder for each word; empty where they come from elsewhere.
        meanings: word to what it means, as far as that was asked.
    """

    title: str
    words: Sequence[str]
    topic: str = ""
    engines: Sequence[str] = FREE
    folder: str = ""
    meanings: dict[str, Meaning] = field(default_factory=dict)

    @property
    def is_searched(self) -> bool:
        """Whether photos come from a search, for which it matters what a word means."""
        return describe_source(self.engines).kind == "found"

    @property
    def about_people(self) -> bool:
        """Whether the words are names of groups of people, of whom the pages say more."""
        return bool({"people", "peoples", "ethnic"} & set(folded(self.topic).split()))

    def queries(self, word: str) -> list[str]:
        """Return the searches that find photos of a word; of a people, for dress and festivals, never for bodies."""
        if not self.is_searched:
            return [] if self.folder else [word.replace(" ", "").lower()]
        if self.about_people:
            return [f"{word} {self.topic}", f"{word} traditional dress", f"{word} festival"]
        if not self.topic or folded(self.topic) in folded(word):
            return [word, f"{word} photo"]
        return [word, f"{word} {self.topic}", f"{word} {self.topic} photo"]


def make_plan(
    title: str, words: Sequence[str], topic: str = "", engines: Sequence[str] = (), folder: Path | None = None
) -> Plan:
    """Return the plan for words that somebody typed.

    Args:
        title: of the classifier.
        words: one for each class.
        topic: what all of them are.
        engines: out of `ENGINES`; those that ask for no key where none is named.
        folder: of one's own photos, in place of engines; its subfolders are the words where there are none.

    Raises:
        RecipeError: there are too few words, one stands there twice, one cannot be a class, or there is no such engine.
    """
    plain = [" ".join(word.split()) for word in words or _subfolders(folder) if word.strip()]
    if not title.strip():
        raise RecipeError("The title is empty; give the classifier one, such as “Birds of my garden”.")
    if any(unicodedata.category(letter) == "Cc" for letter in " ".join(title.split())):
        raise RecipeError(f"The title {title!r} has a control character, which nobody sees; leave it out.")
    _check_letters(title=title, topic=topic, folder=str(folder or ""))
    if len(plain) < FEWEST:
        way_out = f"make a subfolder of {folder} for each" if folder and not words else "give one word for each"
        raise RecipeError(f"A classifier tells at least {FEWEST} things apart: {way_out} of them.")
    _check_words(plain)
    if unknown := [engine for engine in engines if engine not in ENGINES]:
        raise RecipeError(f"“{unknown[0]}” is not an engine; there are {', '.join(ENGINES)}.")
    if "dataset" in engines:
        raise RecipeError("A recipe for a data set has [[outputs]] and is not made of words; copy fairface or utkface.")
    chosen = OWN if folder else tuple(engines) or FREE
    return Plan(" ".join(title.split()), plain, topic.strip(), chosen, str(folder or ""))


def _subfolders(folder: Path | None) -> list[str]:
    """Return the names of a folder's subfolders, in order."""
    if folder and not folder.is_dir():
        raise RecipeError(f"There is no folder {folder}; name one that has a subfolder of photos for each class.")
    found = folder.iterdir() if folder else ()
    return sorted(place.name for place in found if place.is_dir() and not place.name.startswith("."))


def file_name(title: str) -> str:
    """Return a title as the name of a file on any system: letters, digits and hyphens; “recipe” where none are left.

    Accents go from Latin letters; other scripts stay as they are.
    """
    plain = unicodedata.normalize("NFKD", title)
    is_latin = all(letter.isascii() for letter in plain if letter.isalnum())
    plain = plain.encode("ascii", "ignore").decode() if is_latin else unicodedata.normalize("NFC", title)
    joined = "".join(letter if unicodedata.category(letter)[0] in "LMN" else "-" for letter in plain.lower())
    return folder_name(re.sub("-+", "-", joined)[:LONGEST].strip("-")) or "recipe"


def _check_letters(**typed: str) -> None:
    """Refuse bytes that are no letters, which Python keeps as half characters and no file can hold."""
    for what, text in typed.items():
        if any(unicodedata.category(letter) == "Cs" for letter in text):
            way_out = "rename it" if what == "folder" else "type it anew"
            raise RecipeError(f"The {what} {text!r} has bytes that are no letters of UTF-8; {way_out}.")


def _check_words(words: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for word in words:
        try:
            check_class_name(word)
        except ValueError as error:
            raise RecipeError(f"The word {word!r} {error}.") from error
        if len(word) > LONGEST_NAME:
            raise RecipeError(f"“{word[:20]}…” has {len(word)} characters; a class may have at most {LONGEST_NAME}.")
        if earlier := seen.get(folded(word)):
            raise RecipeError(f"“{earlier}” and “{word}” are the same word; leave one out.")
        seen[folded(word)] = word
