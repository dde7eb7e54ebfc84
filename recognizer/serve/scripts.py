"""What runs in the visitor's browser beside Gradio, in the visitor's language."""

import json
import re
from typing import Any

from recognizer.serve.rendering import render_empty, render_lost, render_waiting
from recognizer.words.words import SOURCE, Words, languages, words_in

# The visitor's language by its number, told to screen readers, too; and what each example shows.
START = """() => {
    const languages = LANGUAGES;
    const tags = [new URLSearchParams(location.search).get("lang") ?? "", ...navigator.languages];
    const numbers = tags.map((tag) => languages.indexOf(tag.toLowerCase().split("-")[0]));
    const number = numbers.find((found) => found >= 0) ?? 0;
    document.documentElement.lang = languages[number];
    const answer = document.getElementById("answer");
    answer.setAttribute("aria-live", "polite");
    const empty = answer.querySelector(".empty");
    if (empty) empty.outerHTML = EMPTY[number];
    const names = NAMES;
    for (const [at, button] of document.querySelectorAll(".gallery-item").entries()) button.ariaLabel = names[at];
    return number;
}"""
CLEAR = "(photo, number) => (photo ? WAITING : EMPTY)[number]"
LOST = "(number) => FAULT[number]"
INTO_VIEW = """() => {
    const answer = document.querySelector("#answer .answer:not(.empty)");
    if (!answer || answer.getBoundingClientRect().top < innerHeight / 2) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    answer.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
}"""


def words_of(number: int | None) -> Words:
    """Return the language of a number, which a stranger may have sent: English where there is none."""
    codes = languages()
    return words_in(codes[number] if number is not None and 0 <= number < len(codes) else SOURCE)


def in_each_language(script: str, **values: Any) -> str:
    """Put the texts of every language, by its number, in the place of their names in a script."""
    each = [words_in(language) for language in languages()]
    values["languages"] = list(languages())
    values["empty"] = [render_empty(words) for words in each]
    values["waiting"] = [render_waiting(words) for words in each]
    values["fault"] = [render_lost(words) for words in each]
    names = "|".join(values).upper()
    return re.sub(rf"\b({names})\b", lambda found: json.dumps(values[found[0].lower()]), script)
