"""The README of a Space: the head that Hugging Face reads, and a few words for people.

text = space_readme(facts, Order(FORMS["cpu"]))
"""

from importlib.metadata import version
from typing import Any

from huggingface_hub import SpaceCardData

from recognizer.publish.order import Order
from recognizer.words.sources import describe_source

SHORT = "Compares a photo with photos, not people"  # 60 characters at most
PORT = 7860
# What starts here takes some ten seconds.
TIMEOUT = "10m"

_TEXT = """\

Compares a photo with {source} each name, and says which of them it looks most
like. It cannot tell who anyone is or where anyone belongs. {kept}

{card}
"""
_UPLOADED = "An uploaded photo is used for its answer and is not kept."
_AT_HOME = "The visitor's own browser compares it: no photo leaves it."
_CARD = "`model/README.md` says what the model is, how well it does and what it must not be used for."
_PAGES = "The page Recognizer says how well it does, the page About what it must not be used for."


def space_readme(facts: dict[str, Any], order: Order) -> str:
    """Return the README of a Space.

    Args:
        facts: of model.json.
        order: what is published, and how.
    """
    answers = order.form.answers
    text = _TEXT.format(
        source=describe_source(facts["recipe"]["collect"]["engines"]).photos,
        kept=_UPLOADED if answers or order.space else _AT_HOME,
        card=_CARD if answers else _PAGES,
    )
    return f"---\n{_head(facts, order).to_yaml().strip()}\n---\n{text}"


def _head(facts: dict[str, Any], order: Order) -> SpaceCardData:
    return SpaceCardData(
        title=" ".join(facts["title"].split()),
        sdk=order.form.sdk,
        license="mit",
        models=list(order.models) or None,
        datasets=list(order.datasets) or None,
        tags=["image-classification", "onnx", *(["fastai"] if order.runtime == "fastai" else [])],
        emoji="🧵",
        colorFrom="indigo",
        colorTo="yellow",
        pinned=False,
        short_description=SHORT,
        **_how_it_runs(order),
    )


def _how_it_runs(order: Order) -> dict[str, Any]:
    """Return what each kind of Space wants to know to start it."""
    if order.form.sdk == "docker":
        return {"app_port": PORT, "startup_duration_timeout": TIMEOUT}
    if order.form.sdk == "static":
        return {"app_file": "index.html"}
    return {
        "sdk_version": version("gradio"),
        "python_version": order.form.python,
        "app_file": "zero.py" if order.form.name == "zero" else "app.py",
        "startup_duration_timeout": TIMEOUT,
    }
