"""What the page shows around Gradio's own parts, as HTML; names and words of a model are never markup in it."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from PIL import Image

from recognizer.images.data_url import jpeg_url
from recognizer.serve.classifier import Explanation
from recognizer.serve.evidence_map import draw_evidence
from recognizer.serve.facts import contact_link, web_link
from recognizer.serve.wording import measured, measured_for, rests_on_faces, source, verdict
from recognizer.words.words import SOURCE, Words, languages, words_in

FOLDER = Path(__file__).with_name("page")
STYLE = FOLDER / "style.css"
# How files begin that browsers show by themselves.
_SHOWN = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM")
_PREVIEW = 480  # pixels
_TEMPLATES = Environment(loader=FileSystemLoader(FOLDER), autoescape=select_autoescape(default=True))
_NOTE = _TEMPLATES.from_string(
    '<section class="answer {{ kind }}"><h2>{{ headline }}</h2>'
    '<p{% if language %} lang="{{ language }}"{% endif %}>{{ detail }}</p></section>'
)


def render_top(facts: dict[str, Any], words: Words) -> str:
    """Return what the page is, above all else."""
    return _TEMPLATES.get_template("top.html").render(
        title=facts["title"],
        description=facts["description"],
        words=words,
        translated=words.language != SOURCE,
        languages=[words_in(language) for language in languages()],
    )


def render_answer(explanation: Explanation, facts: dict[str, Any], photo: bytes, words: Words) -> str:
    """Return an answer: what the photo looks most like, how sure that is, a bar for every class, and why.

    Args:
        explanation: of the photo.
        facts: model.json, checked.
        photo: the bytes of its file; shown beside the answer where browsers cannot show it themselves.
        words: the language to say it in.
    """
    told = verdict(explanation.prediction, facts, words)
    return _TEMPLATES.get_template("answer.html").render(
        verdict=told,
        bars=bars_of(explanation.prediction.probabilities, words),
        threshold=place_of(facts["threshold"]),
        about=_about(told.name, facts, words),
        words=words,
        preview=preview_of(explanation.picture, photo),
        similar=explanation.similar,
        similar_title=words.say(words.key_for("answer.similar", source(facts).kind)),
        evidence=jpeg_url(draw_evidence(explanation)) if told.name and explanation.evidence else None,
    )


def bars_of(probabilities: dict[str, float], words: Words) -> list[dict[str, str]]:
    """Return what bars.html draws: of each class its name, its share in words, and how long its bar is, in percent."""
    return [
        {"name": name, "words": words.percent(share), "share": place_of(share)} for name, share in probabilities.items()
    ]


def place_of(share: float) -> str:
    """Return where along a bar a share of 1 is, in percent."""
    return f"{min(max(share, 0.0), 1.0) * 100:.1f}"


def render_empty(words: Words) -> str:
    """Return what stands in the place of the answer before there is a photo."""
    return _note("empty", words.say("page.choose"), words.say("page.choose_how"))


def render_waiting(words: Words) -> str:
    """Return what stands in the place of the answer until it is there."""
    return _note("waiting", words.say("page.comparing"), words.say("page.comparing_how"))


def render_fault(detail: str, words: Words) -> str:
    """Return what is said where there is no answer; its detail is English in every language."""
    return _note("fault", words.say("page.no_answer"), detail, SOURCE)


def render_lost(words: Words) -> str:
    """Return what is said where the answer did not come."""
    return _note("fault", words.say("page.no_answer"), words.say("page.lost"))


def render_below(facts: dict[str, Any], examples: list[dict[str, str]], words: Words) -> str:
    """Return what stands below the answer: how far to trust it, the classes, and who made the examples.

    Args:
        facts: model.json, checked.
        examples: as `example_credits` returns them.
        words: the language to say it in.
    """
    return _TEMPLATES.get_template("below.html").render(
        measured=measured(facts["metrics"], words, source(facts).kind),
        faces=rests_on_faces(facts, words),
        threshold=words.tenths(facts["threshold"]),
        source=words.say(f"page.from_{source(facts).kind}"),
        classes=[{**entry, "link": web_link(entry["link"])} for entry in facts["classes"]],
        credits=examples,
        contact=contact_link(facts),
        words=words,
        translated=words.language != SOURCE,
    )


def _note(kind: str, headline: str, detail: str, language: str = "") -> str:
    return _NOTE.render(kind=kind, headline=headline, detail=detail, language=language)


def _about(name: str, facts: dict[str, Any], words: Words) -> dict[str, Any] | None:
    """Return what is known of the class that a photo looks most like."""
    entry = next((entry for entry in facts["classes"] if entry["name"] == name), None)
    if entry is None:
        return None
    return {**entry, "link": web_link(entry["link"]), "measured": measured_for(name, facts, words)}


def preview_of(picture: Image.Image, photo: bytes) -> str | None:
    """Return a small JPEG of a photo as a data: URL; None where browsers show its file by themselves.

    Args:
        picture: the photo.
        photo: the bytes of its file.
    """
    if photo.startswith(_SHOWN):
        return None
    small = picture.copy()
    small.thumbnail((_PREVIEW, _PREVIEW), Image.Resampling.BILINEAR)
    return jpeg_url(small)
