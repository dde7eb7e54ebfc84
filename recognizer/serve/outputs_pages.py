"""The pages about a model with several outputs, made of its model.json: words and figures, and no photo.

render("outputs_how.html", facts, words_in("th"), looks_for_faces=True)
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from recognizer.words.figures import figure_told
from recognizer.words.tags import tags_in
from recognizer.words.words import FOLDER as WORDS
from recognizer.words.words import SOURCE, Words, languages, words_in

LOADER = ChoiceLoader([FileSystemLoader(Path(__file__).with_name("page")), FileSystemLoader(WORDS)])


def distribution(one: Mapping[str, Any], facts: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return how many held-out photos are of each class of an output, or of each part of a number's range.

    Args:
        one: the output, as model.json has it.
        facts: model.json; a number's parts are those by which the figures of other outputs are told.
    """
    others = (other["metrics"].get("groups", {}) for other in facts["outputs"])
    parts: dict[str, Any] = next((groups[one["name"]] for groups in others if one["name"] in groups), {})
    return [(name, figures["photos"]) for name, figures in one["metrics"].get("per_class", parts).items()]


FILTERS = {"figure": figure_told, "distribution": distribution}
_PAGES = Environment(loader=LOADER, autoescape=True, trim_blocks=True)
_PAGES.filters |= FILTERS


def render(template: str, facts: Mapping[str, Any], words: Words, **more: Any) -> str:
    """Return a page about a model, or a part of one.

    Args:
        template: in page/.
        facts: model.json, checked.
        words: the language to say it in.
        more: what else it tells.
    """
    spoken = {
        "words": words,
        "translated": words.language != SOURCE,
        "languages": [words_in(one) for one in languages()],
    }
    return _PAGES.get_template(template).render(facts=facts, **spoken, **tags_in(words), **more)
