"""The Gradio page: a photo in, what it looks most like out.

    page = make_interface(Classifier(Path("model")))        served by server.py

Endpoints: `/predict`, a photo to Gradio's Label form (its `label` is "Not sure" where no class is likely enough; the
confidences are always there) and `far`, whether it is unlike all of them; `/explain`, a photo to the same and what each
place of it speaks for; and `/about`, nothing to the facts that a page needs to explain the answers.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from recognizer.networks.onnx_session import usable_processors
from recognizer.serve.at_once import answer_at_once
from recognizer.serve.classifier import Classifier, Prediction
from recognizer.serve.facts import example_credits, example_files, seen_accuracy
from recognizer.serve.parts import Answer, Page, ShownUpload, Upload, explain_sent
from recognizer.serve.rendering import render_answer, render_below, render_empty, render_top
from recognizer.serve.rest import NO_EVIDENCE, evidence_json, label_form
from recognizer.serve.starting import start_in_language
from recognizer.serve.uploads import HERE
from recognizer.serve.waiting import open_queue
from recognizer.serve.wording import source, training_faces
from recognizer.words.words import SOURCE, Words, words_in


def make_interface(classifier: Classifier) -> gr.Blocks:
    """Build the page of a classifier: a photo is compared as soon as it is chosen, pasted, or an example is tapped.

    Args:
        classifier: the opened model folder; its model.json gives title, description, classes and examples.

    Raises:
        ModelError: an example is none that may be shown.
        Unwritable: there is no folder for uploads.
    """
    facts = classifier.facts
    examples = example_files(classifier.folder, facts)
    HERE.start()
    HERE.show(examples)
    gr.set_static_paths(list(examples))  # served from where they are, as long as they are there, and not copied
    credits = example_credits(facts, examples)
    words = words_in(SOURCE)
    page = Page(title=facts["title"], analytics_enabled=False)
    with page:
        language = gr.Number(0, precision=0, visible=False)
        top = gr.HTML(render_top(facts, words))
        with gr.Row():
            with gr.Column():
                photo = ShownUpload(
                    label=words.say("page.photo"), sources=["upload", "clipboard"], buttons=[], height=340
                )
                shown = _show_examples(examples, photo, words)
            answer = gr.HTML(render_empty(words), elem_id="answer")
        below = gr.HTML(render_below(facts, credits, words))
        names = [one["label"] for one in credits]
        start_in_language(page, language, [top, below, photo, *shown], _spoken(facts, credits), names)
        answer_at_once(photo, language, answer, _comparer(classifier))
        _answer_programs(classifier)
        gr.api(_about(facts, credits), api_name="about")  # type: ignore[attr-defined]
    open_queue(page)
    return page


def _show_examples(files: list[Path], photo: Upload, words: Words) -> list[gr.Dataset]:
    """Add the examples, if there are any; returns the part that shows them."""
    if not files:
        return []
    rows = [[str(file)] for file in files]
    return [gr.Examples(rows, photo, cache_examples=False, label=words.say("page.examples")).dataset]


def _spoken(facts: dict[str, Any], credits: list[dict[str, str]]) -> Callable[[Words], list[Any]]:
    """Return what says the page in a language: what stands above, below, and over the photo and the examples."""

    def say(words: Words) -> list[Any]:
        labels = [gr.update(label=words.say(f"page.{key}")) for key in ("photo", *["examples"] * bool(credits))]
        return [render_top(facts, words), render_below(facts, credits, words), *labels]

    return say


def _answer_programs(classifier: Classifier) -> None:
    """Add the endpoints `/predict` and `/explain`, which the page itself does not use."""
    button, photo, answer = gr.Button(visible=False), Upload(visible=False), Answer(visible=False)
    button.click(_predictor(classifier), photo, answer, api_name="predict", concurrency_limit=usable_processors())
    explanation = gr.JSON(visible=False)
    button.click(_explainer(classifier), photo, explanation, api_name="explain", concurrency_limit=usable_processors())


def _comparer(classifier: Classifier) -> Callable[[bytes, Words], str]:
    def compare(data: bytes, words: Words) -> str:
        return render_answer(classifier.explain(data), classifier.facts, data, words)

    return compare


def _predictor(classifier: Classifier) -> Callable[[bytes | None], Prediction]:
    """Return the endpoint `/predict`."""

    def predict(photo: bytes | None) -> Prediction:
        """Compare a photo with the photos found under each name; returns the likelihood of every name."""
        return explain_sent(classifier.explain, photo).prediction

    return predict


def _explainer(classifier: Classifier) -> Callable[[bytes | None], dict[str, Any]]:
    """Return the endpoint `/explain`."""

    def explain(photo: bytes | None) -> dict[str, Any]:
        """Compare a photo; returns its label, and for every name what each place of the photo adds to its logit."""
        explanation = explain_sent(classifier.explain, photo)
        if not explanation.evidence:
            raise gr.Error(NO_EVIDENCE, print_exception=False)
        prediction = explanation.prediction
        told = label_form(prediction) | {"far": prediction.out_of_distribution}
        return told | evidence_json(explanation.evidence)

    return explain


def _about(facts: dict[str, Any], examples: list[dict[str, str]]) -> Callable[[], dict[str, Any]]:
    """Return the endpoint `/about`."""
    metrics = facts["metrics"]
    told = {name: facts[name] for name in ("title", "classes", "threshold")}
    told |= {name: metrics[name] for name in ("accuracy", "accuracy_interval", "photos")}
    told |= {"blind": {"accuracy": seen_accuracy(metrics)}}
    told |= {"per_class": metrics.get("per_class"), "like": source(facts).like, "source": source(facts).kind}
    told |= {"faces": metrics.get("faces"), "training_faces": training_faces(facts)}
    told |= {"examples": examples, "contact": facts.get("contact", "")}

    def about() -> dict[str, Any]:
        """Tell what the answers mean: the classes, the threshold and how well it does."""
        return told

    return about
