"""The pages about a model with several outputs, made of its model.json: words and figures, and no photo.

render("outputs_how.html", facts, looks_for_faces=True)
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from recognizer.words.figures import say_figure
from recognizer.words.words import FOLDER as WORDS

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


FILTERS = {"figure": say_figure, "distribution": distribution}
_PAGES = Environment(loader=LOADER, autoescape=True, trim_blocks=True)
_PAGES.filters |= FILTERS


def render(template: str, facts: Mapping[str, Any], **more: Any) -> str:
    """Return a page about a model.

    Args:
        template: in page/.
        facts: model.json, checked.
        more: what else it tells.
    """
    return _PAGES.get_template(template).render(facts=facts, **more)
