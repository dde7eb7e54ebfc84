"""The Gradio page of a model with several outputs: a photo in, what each output says out, in its own form.

Endpoints: `/predict`, a photo to what every output says, as `POST /predict` gives it; `/explain`, a photo to the same
and what speaks for each answer at each place of it; `/about`, nothing to the facts that a page needs to explain the
answers.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from recognizer.networks.onnx_session import usable_processors
from recognizer.serve.at_once import answer_at_once
from recognizer.serve.outputs import Explained, OutputsClassifier
from recognizer.serve.outputs_rendering import render_outputs, render_outputs_top
from recognizer.serve.parts import Page, ShownUpload, Upload, explain_sent
from recognizer.serve.rendering import render_empty
from recognizer.serve.rest import NO_EVIDENCE, evidence_json
from recognizer.serve.starting import start_in_language
from recognizer.serve.uploads import HERE
from recognizer.serve.waiting import open_queue
from recognizer.words.words import SOURCE, Words, words_in

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
        language = gr.Number(0, precision=0, visible=False)
        top = gr.HTML(_top(classifier, WORDS))
        with gr.Row():
            with gr.Column():
                photo = ShownUpload(
                    label=WORDS.say("page.photo"), sources=["upload", "clipboard"], buttons=[], height=340
                )
            with gr.Column():
                answer = gr.HTML(render_empty(WORDS), elem_id="answer")
        start_in_language(page, language, [top, photo], _spoken(classifier))
        answer_at_once(photo, language, answer, _comparer(classifier))
        asked, told = Upload(visible=False), gr.JSON(visible=False)
        button, limit = gr.Button(visible=False), usable_processors()
        button.click(_predictor(classifier), asked, told, api_name="predict", concurrency_limit=limit)
        button.click(_explainer(classifier), asked, told, api_name="explain", concurrency_limit=limit)
        gr.api(_about(classifier), api_name="about")  # type: ignore[attr-defined]
    open_queue(page)
    return page


def _comparer(classifier: OutputsClassifier) -> Callable[[bytes, Words], str]:
    return lambda data, words: render_outputs(classifier.explain(data), classifier.facts, data, words)


def _spoken(classifier: OutputsClassifier) -> Callable[[Words], list[Any]]:
    """Return what says the page in a language: what stands above, and over the photo."""
    return lambda words: [_top(classifier, words), gr.update(label=words.say("page.photo"))]


def _top(classifier: OutputsClassifier, words: Words) -> str:
    return render_outputs_top(classifier.facts, classifier.looks_for_faces, words)


def _predictor(classifier: OutputsClassifier) -> Callable[[bytes | None], dict[str, Any]]:
    """Return the endpoint `/predict`."""

    def predict(photo: bytes | None) -> dict[str, Any]:
        """Compare a photo with the photos of the data set; returns what every output says."""
        return _json(explain_sent(classifier.explain, photo))

    return predict


def _explainer(classifier: OutputsClassifier) -> Callable[[bytes | None], dict[str, Any]]:
    """Return the endpoint `/explain`."""

    def explain(photo: bytes | None) -> dict[str, Any]:
        """Compare a photo; returns what every output says, and what each place of it speaks for."""
        explained = explain_sent(classifier.explain, photo)
        if not explained.evidence:
            raise gr.Error(NO_EVIDENCE, print_exception=False)
        return {"outputs": _json(explained)} | evidence_json(explained.evidence)

    return explain


def _json(explained: Explained) -> dict[str, Any]:
    return {name: reading.json() for name, reading in explained.readings.items()}


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
