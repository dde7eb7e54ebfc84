"""What the page of several outputs shows, as HTML."""

from typing import Any

from markupsafe import Markup

from recognizer.images.data_url import jpeg_url
from recognizer.serve.evidence_map import draw_map
from recognizer.serve.facts import contact_link
from recognizer.serve.outputs import Explained, Reading
from recognizer.serve.outputs_pages import render
from recognizer.serve.rendering import bars_of, place_of, preview_of
from recognizer.words.words import Words


def render_outputs_top(facts: dict[str, Any], looks_for_faces: bool, words: Words) -> str:
    """Return what the page is, above all else.

    Args:
        facts: model.json, checked.
        looks_for_faces: whether photos of no face, or of several, get no answer.
        words: the language to say it in.
    """
    query = f"?lang={words.language}"  # of English, too: the browser may prefer another than the visitor chose here
    told = {"looks_for_faces": looks_for_faces, "contact": contact_link(facts), "query": query}
    return render("outputs_top.html", facts, words, **told)


def render_outputs(explained: Explained, facts: dict[str, Any], photo: bytes, words: Words) -> str:
    """Return an answer: a label and bars for classes, a number with its interval, and why.

    Args:
        explained: of the photo.
        facts: model.json, checked.
        photo: the bytes of its file; shown beside the answer where browsers cannot show it themselves.
        words: the language to say it in.
    """
    about = {one["name"]: one for one in facts["outputs"]}
    rows = [_row(name, explained, about[name], words) for name in explained.readings]
    return render("outputs_answer.html", facts, words, rows=rows, preview=preview_of(explained.picture, photo))


def _row(name: str, explained: Explained, about: dict[str, Any], words: Words) -> dict[str, Any]:
    """Return what is said and drawn of an output."""
    reading, relative = explained.readings[name], explained.evidence.get(name)
    evidence = None if relative is None else jpeg_url(draw_map(explained.picture, relative))
    told = {"name": name, "reading": reading, "about": about, "evidence": evidence, "told": _told(reading)}
    return told | _drawn(reading, about, words)


def _told(reading: Reading) -> str:
    """Return the likeliest class, or the number, of which it is said why."""
    if reading.kind == "number":
        return f"{reading.rounded(reading.value)} {reading.unit}".strip()
    return next(iter(reading.probabilities))


def _drawn(reading: Reading, about: dict[str, Any], words: Words) -> dict[str, Any]:
    """Return what is said and drawn of a reading: bars of classes, or the places of a number within its range."""
    if reading.kind == "number":
        least, most = about["range"]
        low, high, value = ((one - least) / (most - least) for one in (reading.low, reading.high, reading.value))
        return {"places": {"low": place_of(low), "width": place_of(high - low), "value": place_of(value)}}
    strong = Markup("<strong>{}</strong>").format(_told(reading))
    said = words.mark_up("answer.unsure", name=strong) if reading.not_sure else strong
    mark = place_of(reading.threshold) if reading.not_sure else None
    return {"said": said, "bars": bars_of(reading.probabilities, words), "mark": mark}
