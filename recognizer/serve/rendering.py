"""What the page shows around Gradio's own parts, as HTML; names and words of a model are never markup in it."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from PIL import Image

from recognizer.images.data_url import jpeg_url
from recognizer.images.decode import read_picture
from recognizer.serve.classifier import Prediction
from recognizer.serve.facts import web_link
from recognizer.serve.wording import NOTICE, SUBTITLE, measured, measured_for, percent, source, verdict

FOLDER = Path(__file__).with_name("page")
STYLE = FOLDER / "style.css"
EMPTY = '<section class="answer empty"><h2>Choose a photo</h2><p>The answer appears here at once.</p></section>'
WAITING = '<section class="answer waiting"><h2>Comparing…</h2><p>This takes a moment.</p></section>'
_FAULT = '<section class="answer fault"><h2>No answer</h2><p>{{ words }}</p></section>'
_TOP = '<header class="top"><h1>{{ title }}</h1><p class="subtitle">{{ subtitle }}</p><p>{{ description }}</p></header>'
# How files begin that browsers show by themselves.
_SHOWN = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM")
_PREVIEW = 480  # pixels
_TEMPLATES = Environment(loader=FileSystemLoader(FOLDER), autoescape=select_autoescape(default=True))


def render_top(facts: dict[str, Any]) -> str:
    """Return what the page is, above all else."""
    return _TEMPLATES.from_string(_TOP).render(
        title=facts["title"], subtitle=SUBTITLE, description=facts["description"]
    )


def render_answer(prediction: Prediction, facts: dict[str, Any], photo: bytes) -> str:
    """Return an answer: what the photo looks most like, how sure that is, a bar for every class.

    Args:
        prediction: of the photo.
        facts: model.json, checked.
        photo: the bytes of its file; shown beside the answer where browsers cannot show it themselves.
    """
    told = verdict(prediction, facts)
    shares = prediction.probabilities.items()
    return _TEMPLATES.get_template("answer.html").render(
        verdict=told,
        bars=[{"name": name, "words": percent(share), "share": f"{share * 100:.1f}"} for name, share in shares],
        threshold=f"{facts['threshold'] * 100:.1f}",
        about=_about(told.name, facts),
        notice=NOTICE,
        preview=None if photo.startswith(_SHOWN) else _preview(photo),
    )


def render_fault(words: str) -> str:
    """Return what is said where there is no answer."""
    return _TEMPLATES.from_string(_FAULT).render(words=words)


def render_below(facts: dict[str, Any]) -> str:
    """Return what stands below the answer: how far to trust it, the classes, and who took the examples."""
    return _TEMPLATES.get_template("below.html").render(
        measured=measured(facts["metrics"]),
        threshold=percent(facts["threshold"]),
        source=_capital(source(facts).photos),
        classes=[{**entry, "link": web_link(entry["link"])} for entry in facts["classes"]],
        credits=[_credit(example) for example in facts["examples"]],
    )


def _about(name: str, facts: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is known of the class that a photo looks most like."""
    entry = next((entry for entry in facts["classes"] if entry["name"] == name), None)
    if entry is None:
        return None
    return {**entry, "link": web_link(entry["link"]), "measured": measured_for(name, facts["metrics"])}


def _credit(example: dict[str, Any]) -> dict[str, str | None]:
    """Return who took an example; whatever is no text is left out."""
    found = {key: value for key, value in example.items() if isinstance(value, str) and value}
    return {
        "label": found.get("label"),
        "title": found.get("title", "photo"),
        "page": web_link(found.get("page", "")),
        "author": found.get("author"),
        "licence": found.get("licence"),
    }


def _preview(photo: bytes) -> str:
    """Return a small JPEG of a photo as a data: URL."""
    image = read_picture(photo)
    image.thumbnail((_PREVIEW, _PREVIEW), Image.Resampling.BILINEAR)
    return jpeg_url(image)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


FAULT = render_fault("The photo did not come through; choose it again.")
