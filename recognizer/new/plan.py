"""What a person typed becomes the plan of a recipe, checked before anything is written."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from recognizer.errors import RecipeError
from recognizer.names import check_class_name, folded
from recognizer.new.wikipedia import Meaning
from recognizer.recipe import ENGINES
from recognizer.words.sources import describe_source

FREE = ("duckduckgo", "bing", "openverse")  # engines that ask for no key and for no address to write to
FEWEST = 2  # words


@dataclass(frozen=True)
class Plan:
    """A recipe to be.

    Args:
        title: shown at the head of the pages.
        words: the names of the classes, as they were typed.
        topic: what all of them are, such as "bird"; may be empty.
        engines: that find photos.
        meanings: word to what it means, as far as that was asked.
    """

    title: str
    words: Sequence[str]
    topic: str = ""
    engines: Sequence[str] = FREE
    meanings: dict[str, Meaning] = field(default_factory=dict)

    @property
    def is_searched(self) -> bool:
        """Whether photos come from a search, for which it matters what a word means."""
        return describe_source(self.engines).kind == "found"

    def queries(self, word: str) -> list[str]:
        """Return the searches that find photos of a word."""
        if not self.is_searched:
            return [word.replace(" ", "").lower()]
        if not self.topic or folded(self.topic) in folded(word):
            return [word, f"{word} photo"]
        return [word, f"{word} {self.topic}", f"{word} {self.topic} photo"]


def make_plan(title: str, words: Sequence[str], topic: str = "", engines: Sequence[str] = ()) -> Plan:
    """Return the plan for words that somebody typed.

    Args:
        title: of the classifier.
        words: one for each class.
        topic: what all of them are.
        engines: out of `ENGINES`; those that ask for no key where none is named.

    Raises:
        RecipeError: there are too few words, one stands there twice, one cannot be a class, or there is no such engine.
    """
    plain = [" ".join(word.split()) for word in words if word.strip()]
    if not title.strip():
        raise RecipeError("The title is empty; give the classifier one, such as “Birds of my garden”.")
    if len(plain) < FEWEST:
        raise RecipeError(f"A classifier tells at least {FEWEST} things apart: give one word for each of them.")
    _check_words(plain)
    if unknown := [engine for engine in engines if engine not in ENGINES]:
        raise RecipeError(f"“{unknown[0]}” is not an engine; there are {', '.join(ENGINES)}.")
    return Plan(" ".join(title.split()), plain, topic.strip(), tuple(engines) or FREE)


def file_name(title: str) -> str:
    """Return a title as the name of a file on any system: letters, digits and hyphens; “recipe” where none are left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60].strip("-") or "recipe"


def _check_words(words: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for word in words:
        try:
            check_class_name(word)
        except ValueError as error:
            raise RecipeError(f"The word {word!r} {error}.") from error
        if earlier := seen.get(folded(word)):
            raise RecipeError(f"“{earlier}” and “{word}” are the same word; leave one out.")
        seen[folded(word)] = word
