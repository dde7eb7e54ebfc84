"""The sentences of a language for templates: each function returns the rest of a tag, `<p{{ say("about") }}</p>`.

The site has functions of the same names that also tell its scripts which sentence it is (publish/site.py).
"""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from recognizer.words.words import Words


def tags_in(words: Words) -> dict[str, Callable[..., Markup]]:
    """Return what templates say sentences with.

    Args:
        words: the language.

    Returns:
        `say(key, section, **values)`, a sentence; `label(key, section, **values)`, an attribute with it for screen
        readers; and `tell({"key": ..., "values": ...})`, a sentence that was chosen elsewhere, or `{"name": text}`.
    """

    def say(key: str, section: str = "site", **values: Any) -> Markup:
        return Markup(">") + words.told(f"{section}.{key}", **values)

    def label(key: str, section: str = "site", **values: Any) -> Markup:
        return Markup(' aria-label="{}"').format(words.told(f"{section}.{key}", **values).striptags())

    return {"say": say, "label": label, "tell": teller(say)}


def teller(say: Callable[..., Markup]) -> Callable[[Mapping[str, Any]], Markup]:
    """Return what says a sentence that was chosen elsewhere; a name is the same in all languages."""

    def tell(told: Mapping[str, Any]) -> Markup:
        if "name" in told:
            return Markup(' lang="en">{}').format(told["name"])
        section, _, key = told["key"].partition(".")
        return say(key, section, **told["values"])

    return tell
