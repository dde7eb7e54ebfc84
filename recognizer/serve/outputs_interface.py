"""The Gradio page of a model with several outputs: a photo in, what each output says out, in its own form.

Endpoints: `/predict`, a photo to what every output says, as `POST /predict` gives it; `/about`, nothing to the facts
that a page needs to explain the answers.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from recognizer.errors import PictureError
from recognizer.networks.onnx_session import usable_processors
from recognizer.serve.outputs import OutputsClassifier, Readings
from recognizer.serve.outputs_pages import render
from recognizer.serve.parts import Page, ShownUpload, Upload
from recognizer.serve.rendering import render_empty, render_fault
from recognizer.serve.uploads import HERE
from recognizer.serve.waiting import MOST_WAITING
from recognizer.words.words import SOURCE, words_in

WORDS = words_in(SOURCE)
OF_NETWORK = frozenset(["start", "stop", "centres", "groups"])  # of an output, what no page needs


def make_outputs_interface(classifier: OutputsClassifier) -> gr.Blocks:
    """Build the page of a model with several outputs.

    Args:
        classifier: the opened model folder.

    Raises:
        Unwritable: there is no folder for uploads.
    """
    HERE.start()
    facts = classifier.facts
    page = Page(title=facts["title"], analytics_enabled=False)
    with page:
        gr.HTML(render("outputs_top.html", facts, looks_for_faces=classifier.looks_for_faces))
        with gr.Row():
            with gr.Column():
                photo = ShownUpload(
                    label=WORDS.say("page.photo"), sources=["upload", "clipboard"], buttons=[], height=340
                )
            with gr.Column():
                answer = gr.HTML(render_empty(WORDS), elem_id="answer")
        photo.change(
            _comparer(classifier),
            photo,
            answer,
            api_visibility="private",
            trigger_mode="always_last",
            concurrency_limit=usable_processors(),
        )
        asked, told = Upload(visible=False), gr.JSON(visible=False)
        limit = usable_processors()
        gr.Button(visible=False).click(_predictor(classifier), asked, told, api_name="predict", concurrency_limit=limit)
        gr.api(_about(classifier), api_name="about")  # type: ignore[attr-defined]
    page.queue(max_size=MOST_WAITING, api_open=False)
    return page


def _comparer(classifier: OutputsClassifier) -> Callable[[bytes | None], str]:
    def compare(data: bytes | None) -> str:
        if data is None:
            return render_empty(WORDS)
        try:
            return render_readings(classifier.answer(data), classifier.facts)
        except PictureError as error:
            return render_fault(str(error), WORDS)

    return compare


def _predictor(classifier: OutputsClassifier) -> Callable[[bytes | None], dict[str, Any]]:
    """Return the endpoint `/predict`."""

    def predict(photo: bytes | None) -> dict[str, Any]:
        """Compare a photo with the photos of the data set; returns what every output says."""
        if photo is None:
            raise gr.Error("Choose a photo first.", print_exception=False)
        try:
            return {name: reading.json() for name, reading in classifier.answer(photo).items()}
        except PictureError as error:
            raise gr.Error(str(error), print_exception=False, title="Photo") from error

    return predict


def _about(classifier: OutputsClassifier) -> Callable[[], dict[str, Any]]:
    """Return the endpoint `/about`."""
    facts = classifier.facts
    told = {name: facts.get(name, "") for name in ("title", "source", "contact")}
    told |= {"outputs": [_without(one, OF_NETWORK) for one in facts["outputs"]], "examples": []}
    told |= {"one_face": classifier.looks_for_faces, "pages": {"how": "how", "data": "data"}}

    def about() -> dict[str, Any]:
        """Tell what the answers mean: every output, its classes or its range, and how well it does."""
        return told

    return about


def _without(value: Any, names: frozenset[str]) -> Any:
    """Return a value of JSON without what goes by some names in it."""
    if isinstance(value, dict):
        return {name: _without(part, names) for name, part in value.items() if name not in names}
    return value


def render_readings(readings: Readings, facts: dict[str, Any]) -> str:
    """Return an answer as HTML: a label and bars for classes, a number with its interval.

    Args:
        readings: name of an output to what it says.
        facts: model.json, checked.
    """
    about = {one["name"]: one for one in facts["outputs"]}
    rows = [{"name": name, "reading": one, "about": about[name]} for name, one in readings.items()]
    return render("outputs_answer.html", facts, rows=rows, percent=WORDS.percent)
