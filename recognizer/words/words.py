"""The sentences of one language, each with a key."""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

FOLDER = Path(__file__).parent
SOURCE = "en"
NO_BREAK = "\N{NO-BREAK SPACE}"


class Words:
    """What the pages say in one language.

    Args:
        language: its code, such as "th".
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._said: dict[str, Any] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
        self.name: str = self._said["language"]

    def say(self, key: str, **values: Any) -> str:
        """Return a sentence.

        Args:
            key: section and name, such as "answer.unsure".
            values: what stands in its placeholders.

        Raises:
            KeyError: there is no such sentence, or a placeholder got no value.
        """
        return self._find(key).format(**values)

    def key_for(self, key: str, kind: str) -> str:
        """Return the key of a sentence as it is for photos of a kind, "found" or "drawn"; `key` where all are alike."""
        section, _, name = key.partition(".")
        return f"{key}_{kind}" if f"{name}_{kind}" in self._said[section] else key

    def mark_up(self, key: str, **values: Any) -> Markup:
        """Return a sentence for HTML: a value that is no `Markup` is escaped."""
        return Markup(self._find(key)).format(**values)

    def told(self, key: str, **values: Any) -> Markup:
        """Return a sentence for HTML, its values as the scripts of the site take them.

        Args:
            key: section and name.
            values: texts and numbers; `{"name": text}` of what is English in every language; `{"share": share}` and
                `{"counted": share}` in percent; or `{"key": key, "values": values}`, another sentence.
        """
        return self.mark_up(key, **{name: self._shown(value) for name, value in values.items()})

    def _shown(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if "name" in value:
            return Markup('<span lang="en">{}</span>').format(value["name"])
        if "key" in value:
            return self.told(value["key"], **value.get("values", {}))
        return self.percent(value["share"]) if "share" in value else self.rounded(value["counted"])

    def _find(self, key: str) -> str:
        section, _, name = key.partition(".")
        said: str = self._said[section][name]
        return said

    def percent(self, share: float) -> str:
        """Return a share in words that never claim certainty.

        Args:
            share: from 0 to 1.
        """
        if share < 0.01:
            return self.say("answer.under", share=self.say("answer.percent", number=1))
        if share > 0.99:
            return self.say("answer.over", share=self.say("answer.percent", number=99))
        return self.rounded(share)

    def tenths(self, share: float) -> str:
        """Return a share from 0 to 1 in percent, rounded down to a tenth: a lesser one is never told as more."""
        number = math.floor(share * 1000 + 1e-6) / 10  # what binary fractions lose is far less
        return self.say("answer.percent", number=f"{number:g}")

    def rounded(self, share: float) -> str:
        """Return a share that was counted, from 0 to 1, in percent."""
        return self.say("answer.percent", number=f"{share * 100:.0f}")


def words_in(language: str) -> Words:
    """Return the sentences of a language, or the English ones where it is none of `languages()`."""
    return _read(language if language in languages() else SOURCE)


@cache
def _read(language: str) -> Words:  # never asked for what a stranger made up: all of it would stay in memory
    return Words(language)


@cache
def languages() -> tuple[str, ...]:
    """Return the codes of all languages, English first."""
    codes = {file.stem for file in FOLDER.glob("*.json")}
    return (SOURCE, *sorted(codes - {SOURCE}))
